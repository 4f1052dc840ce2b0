"""Changes of rights to sudo are recorded."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.audit_rules import unwatched

PATHS = ("/etc/sudoers", "/etc/sudoers.d")


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.3-a", "8.1.4.2-e"),
    scope="host",
    probes=("audit",),
    needs=("kernel_audit",),
    title_zh="审计 sudo 授权的变更",
    title_en="Changes of rights to sudo are recorded",
    rationale="Who changes what others may do must be named.",
    remediation="./yiyun hosts converge --role auditd",
    references=("auditctl(8)", "audit.rules(7)"),
)
def audit_privilege(host: Host) -> Iterator[Finding]:
    return unwatched(host, PATHS)
