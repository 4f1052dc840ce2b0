"""Every PostgreSQL cluster is backed up."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, World, rule

BARMAN = "barman-cloud.cloudnative-pg.io"


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.9-a",),
    kinds=("postgresql.cnpg.io/Cluster",),
    scope="objects",
    title_zh="PostgreSQL集群须有备份",
    title_en="Every PostgreSQL cluster is backed up",
    rationale=("Replicas repeat a wrong DELETE within milliseconds; only a backup with its log brings the data back."),
    remediation=("Archive the log to an object store (plugin barman-cloud) and add a ScheduledBackup for the cluster."),
    references=("CloudNativePG: Backup",),
)
def postgresql_backup(obj: Object, world: World) -> Iterator[Finding]:
    plugins = obj.spec.maps("plugins")
    archived = any(p.text("name") == BARMAN and p.map("parameters").text("barmanObjectName") for p in plugins)
    if not (archived or obj.spec.walk("backup.barmanObjectStore").text("destinationPath")):
        yield Finding("its log is archived nowhere", obj.spec.at("plugins"))
    schedules = world.all("postgresql.cnpg.io/ScheduledBackup", obj.namespace)
    if not any(_backs_up(schedule, obj.name) for schedule in schedules):
        yield Finding("no ScheduledBackup copies it to an object store")


def _backs_up(schedule: Object, cluster: str) -> bool:
    """Whether a schedule copies the cluster to an object store; volume snapshots stay where the disks are."""
    spec = schedule.elsewhere.map("spec")
    return (
        spec.map("cluster").text("name") == cluster
        and not spec.flag("suspend")
        and spec.text("method") in ("", "barmanObjectStore", "plugin")
    )
