"""Changes of the records of logins are recorded."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.audit_rules import unwatched

PATHS = ("/var/log/wtmp", "/var/log/btmp")


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.3-a", "8.1.4.3-c"),
    scope="host",
    probes=("audit",),
    needs=("kernel_audit",),
    title_zh="审计登录会话记录文件",
    title_en="Changes of the records of logins are recorded",
    rationale="These files say who was there; editing them hides it.",
    remediation="./yiyun hosts converge --role auditd",
    references=("auditctl(8)", "audit.rules(7)"),
)
def audit_sessions(host: Host) -> Iterator[Finding]:
    return unwatched(host, PATHS)
