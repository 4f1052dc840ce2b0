"""Copies of disks do not lie in the cluster of the disks."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, World, rule
from yiyun.compliance.backups import shared_cluster


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.9-a", "8.1.4.9-b"),
    kinds=(
        "barmancloud.cnpg.io/ObjectStore",
        "oceanbase.oceanbase.com/OBTenantBackupPolicy",
        "pingcap.com/BackupSchedule",
        "velero.io/BackupStorageLocation",
    ),
    scope="objects",
    title_zh="备份不得与源数据同在一个存储集群",
    title_en="Copies of disks do not lie in the cluster of the disks",
    rationale=(
        "What loses the block cluster, an operator's mistake or a fault of Ceph, would take the copies with it."
    ),
    remediation=(
        "Name an object store of the object cluster (site.yaml: a bucket of storage.buckets), or of another site."
    ),
)
def backup_location_apart(obj: Object, world: World) -> Iterator[Finding]:
    spec = obj.spec
    for holder, key in (
        (spec.map("config"), "s3Url"),
        (spec.map("configuration"), "endpointURL"),
        (spec.walk("backupTemplate.s3"), "endpoint"),
        (spec.walk("logBackupTemplate.s3"), "endpoint"),
        (spec.walk("logArchive.destination"), "path"),
        (spec.walk("dataBackup.destination"), "path"),
    ):
        address = holder.text(key)
        if key == "path":
            fields = dict(part.partition("=")[::2] for part in address.partition("?")[2].split("&"))
            address = fields.get("host", "")
        cluster = shared_cluster(world, address) if address else None
        if cluster:
            yield Finding(f"lies in the Ceph cluster of namespace {cluster}, which holds the disks", holder.at(key))
