"""Backups are kept for a time that is laid down, of a week at least."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, Unevaluated, rule
from yiyun.compliance.schedules import days

LEAST_DAYS = 7
PLACES = {
    "barmancloud.cnpg.io/ObjectStore": ("", "retentionPolicy"),
    "oceanbase.oceanbase.com/OBTenantBackupPolicy": ("dataClean", "recoveryWindow"),
    "pingcap.com/BackupSchedule": ("", "maxReservedTime"),
    "velero.io/Schedule": ("template", "ttl"),
}
"""Kind -> where in `spec` it says how long copies are kept."""


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.10.11-b",),
    kinds=tuple(PLACES),
    title_zh="备份保存期已规定且不少于七天",
    title_en="Backups are kept for a time that is laid down, of a week at least",
    rationale="A fault that is noticed after the weekend wants a copy from before it.",
    remediation="set the field that the finding names (backup.keep_days in site.yaml)",
)
def backup_retention(obj: Object) -> Iterator[Finding]:
    parent, key = PLACES[obj.id]
    holder = obj.spec.walk(parent) if parent else obj.spec
    kept = days(holder, key, months=obj.id.endswith("/ObjectStore"))
    if kept is None and obj.id == "pingcap.com/BackupSchedule" and obj.spec.has("maxBackups"):
        raise Unevaluated(f"{obj.spec.at('maxBackups')}: a number of copies; how long they are kept is not known")
    if kept is None:
        yield Finding("how long its copies are kept is not laid down", holder.at(key))
    elif kept < LEAST_DAYS:
        yield Finding(f"copies are kept for {kept:g} days; wanted {LEAST_DAYS}", holder.at(key), holder.text(key))
