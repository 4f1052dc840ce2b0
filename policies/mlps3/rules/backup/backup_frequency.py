"""Everything that is backed up is copied at least once a week."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule
from yiyun.compliance.schedules import longest_pause

OCEANBASE = "oceanbase.oceanbase.com/OBTenantBackupPolicy"
MOST_DAYS = 7


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.10.11-b", "8.1.4.9-a"),
    kinds=(
        "oceanbase.oceanbase.com/OBTenantBackupPolicy",
        "pingcap.com/BackupSchedule",
        "postgresql.cnpg.io/ScheduledBackup",
        "velero.io/Schedule",
    ),
    title_zh="备份至少每周执行一次",
    title_en="Everything that is backed up is copied at least once a week",
    rationale="What is lost is what was written since the last copy.",
    remediation="write a schedule without a pause of more than seven days (backup.schedule in site.yaml)",
)
def backup_frequency(obj: Object) -> Iterator[Finding]:
    holder, key = (obj.spec.map("dataBackup"), "fullCrontab") if obj.id == OCEANBASE else (obj.spec, "schedule")
    pause = longest_pause(holder, key)
    if pause > MOST_DAYS:
        yield Finding(f"pauses for {pause} days; wanted {MOST_DAYS}", holder.at(key), holder.text(key))
