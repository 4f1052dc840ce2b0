"""Changes of how people log in are recorded."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.audit_rules import unwatched

PATHS = ("/etc/pam.d", "/etc/security", "/etc/ssh")


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.3-a", "8.1.4.2-e"),
    scope="host",
    probes=("audit",),
    needs=("kernel_audit",),
    title_zh="审计登录与鉴别配置的变更",
    title_en="Changes of how people log in are recorded",
    rationale="One line in PAM opens every account.",
    remediation="./yiyun hosts converge --role auditd",
    references=("auditctl(8)", "audit.rules(7)"),
)
def audit_login_settings(host: Host) -> Iterator[Finding]:
    return unwatched(host, PATHS)
