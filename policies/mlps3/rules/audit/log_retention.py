"""Audit logs are kept for six months."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Severity, rule
from yiyun.site import Site

SIX_MONTHS = 184
"""Days of the longest six months in a row."""


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.5.4-d", "8.1.4.3-c", "8.2.5.1-c"),
    scope="site",
    title_zh="审计日志留存不少于六个月",
    title_en="Audit logs are kept for six months",
    rationale="The Cybersecurity Law wants logs of six months; from July to December that is 184 days.",
    remediation="Set logs.retention_days to 184 or more.",
    references=("Cybersecurity Law of the People's Republic of China, Article 23 (21 before 2026)",),
)
def log_retention(site: Site) -> Iterator[Finding]:
    days = site.spec.logs.retention_days
    if days < SIX_MONTHS:
        yield Finding(f"logs are kept for {days} days, fewer than {SIX_MONTHS}", "logs.retention_days", days)
