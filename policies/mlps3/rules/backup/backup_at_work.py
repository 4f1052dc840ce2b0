"""No backup is paused, and none goes to a place that takes nothing."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.10.11-b", "8.1.4.9-a"),
    kinds=(
        "oceanbase.oceanbase.com/OBTenantBackupPolicy",
        "pingcap.com/BackupSchedule",
        "postgresql.cnpg.io/ScheduledBackup",
        "velero.io/Schedule",
        "velero.io/BackupStorageLocation",
    ),
    title_zh="备份任务未被暂停",
    title_en="No backup is paused, and none goes to a place that takes nothing",
    rationale="A schedule that somebody has paused for an afternoon is noticed when the data are gone.",
    remediation="take the pause away; set accessMode of the location to ReadWrite",
    admission=[
        Admission(f"!object.?spec.?{field}.orValue(false)", (kind,), name=name)
        for kind, field, name in (
            ("oceanbase.oceanbase.com/OBTenantBackupPolicy", "suspend", "oceanbase"),
            ("pingcap.com/BackupSchedule", "pause", "tidb"),
            ("postgresql.cnpg.io/ScheduledBackup", "suspend", "postgresql"),
            ("velero.io/Schedule", "paused", "schedule"),
        )
    ]
    + [
        Admission(
            "object.?spec.?accessMode.orValue('') != 'ReadOnly'", ("velero.io/BackupStorageLocation",), name="location"
        )
    ],
)
def backup_at_work(obj: Object) -> Iterator[Finding]:
    for key in ("paused", "pause", "suspend"):
        if obj.spec.flag(key):
            yield Finding("is paused", obj.spec.at(key), True)
    if obj.spec.text("accessMode") == "ReadOnly":
        yield Finding("takes no copies: it is read-only", obj.spec.at("accessMode"), "ReadOnly")
