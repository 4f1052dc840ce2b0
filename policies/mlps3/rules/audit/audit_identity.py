"""Changes of accounts and groups are recorded."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.audit_rules import unwatched

PATHS = ("/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow")


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.3-a", "8.1.4.2-e"),
    scope="host",
    probes=("audit",),
    needs=("kernel_audit",),
    title_zh="审计账户与组文件的变更",
    title_en="Changes of accounts and groups are recorded",
    rationale="Who makes an account makes a way in.",
    remediation="./yiyun hosts converge --role auditd",
    references=("auditctl(8)", "audit.rules(7)"),
)
def audit_identity(host: Host) -> Iterator[Finding]:
    return unwatched(host, PATHS)
