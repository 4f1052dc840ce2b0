"""Disks are copied every day and kept for a week at least."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Map, Severity, rule
from yiyun.compliance.schedules import longest_pause
from yiyun.site import Site

LEAST_DAYS = 7


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.10.11-b", "8.1.4.9-a"),
    scope="site",
    title_zh="备份每日执行且保存期不少于七天",
    title_en="Disks are copied every day and kept for a week at least",
    rationale="What is lost is what was written since the last copy; a fault noticed on Monday wants one of Friday.",
    remediation="set backup.schedule to run daily and backup.keep_days to 7 or more",
)
def backup_regime(site: Site) -> Iterator[Finding]:
    backup = site.spec.backup
    pause = longest_pause(Map({"schedule": backup.schedule}, "backup"), "schedule")
    if pause > 1:
        yield Finding(f"copies are made every {pause} days", "backup.schedule", backup.schedule)
    if backup.keep_days < LEAST_DAYS:
        text = f"copies are kept for {backup.keep_days} days; wanted {LEAST_DAYS}"
        yield Finding(text, "backup.keep_days", backup.keep_days)
