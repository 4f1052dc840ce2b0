"""Changes of what starts by itself are recorded."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.audit_rules import unwatched

PATHS = ("/etc/systemd", "/etc/crontab", "/etc/cron.d")


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.3-a", "8.1.4.4-f"),
    scope="host",
    probes=("audit",),
    needs=("kernel_audit",),
    title_zh="审计启动项与计划任务的变更",
    title_en="Changes of what starts by itself are recorded",
    rationale="What starts by itself brings an intruder back after each reboot.",
    remediation="./yiyun hosts converge --role auditd",
    references=("auditctl(8)", "audit.rules(7)"),
)
def audit_startup(host: Host) -> Iterator[Finding]:
    return unwatched(host, PATHS)
