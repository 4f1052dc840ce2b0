"""Every tenant of OceanBase is backed up."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, World, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.9-a",),
    kinds=("oceanbase.oceanbase.com/OBTenant",),
    scope="objects",
    title_zh="OceanBase租户须有备份",
    title_en="Every tenant of OceanBase is backed up",
    rationale=("Replicas repeat a wrong DELETE within milliseconds; only a backup with its log brings the data back."),
    remediation="Add an OBTenantBackupPolicy with logArchive and dataBackup for the tenant.",
)
def oceanbase_backup(obj: Object, world: World) -> Iterator[Finding]:
    cluster, tenant = obj.spec.text("obcluster"), obj.spec.text("tenantName")
    for policy in world.all("oceanbase.oceanbase.com/OBTenantBackupPolicy", obj.namespace):
        spec = policy.elsewhere.map("spec")
        by_object = spec.text("tenantCRName") == obj.name
        by_name = (spec.text("obClusterName"), spec.text("tenantName")) == (cluster, tenant)
        if (by_object or by_name) and not spec.flag("suspend"):
            for part in ("logArchive", "dataBackup"):
                if not spec.walk(f"{part}.destination").text("path"):
                    yield Finding(f"its backup policy has no {part}")
            return
    yield Finding("no OBTenantBackupPolicy backs it up")
