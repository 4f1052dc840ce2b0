"""Every TiDB cluster is backed up."""

from collections.abc import Iterator

from yiyun.compliance import Finding, NotApplicable, Object, Severity, World, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.9-a",),
    kinds=("pingcap.com/TidbCluster",),
    scope="objects",
    title_zh="TiDB集群须有备份",
    title_en="Every TiDB cluster is backed up",
    rationale="Replicas repeat a wrong DELETE within milliseconds; only a backup brings the data back.",
    remediation=("Add a BackupSchedule whose backupTemplate.br names the cluster and whose target is an object store."),
)
def tidb_backup(obj: Object, world: World) -> Iterator[Finding]:
    if obj.spec.map("cluster").text("name"):
        raise NotApplicable("joins another TidbCluster, which is backed up as a whole")
    for schedule in world.all("pingcap.com/BackupSchedule"):
        spec = schedule.elsewhere.map("spec")
        template = spec.map("backupTemplate")
        br = template.map("br")
        namespace = br.text("clusterNamespace") or schedule.namespace
        target = template.map("s3") or template.map("gcs") or template.map("azblob")
        if (namespace, br.text("cluster")) == (obj.namespace, obj.name) and target and not spec.flag("pause"):
            return
    yield Finding("no BackupSchedule copies it to an object store")
