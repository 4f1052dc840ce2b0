"""Changes of what is audited are recorded."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.audit_rules import unwatched

PATHS = ("/etc/audit",)


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.3-a", "8.1.4.3-c"),
    scope="host",
    probes=("audit",),
    needs=("kernel_audit",),
    title_zh="审计审计配置自身的变更",
    title_en="Changes of what is audited are recorded",
    rationale="Switching the record off is the first thing that an intruder does.",
    remediation="./yiyun hosts converge --role auditd",
    references=("auditctl(8)", "audit.rules(7)"),
)
def audit_audit_settings(host: Host) -> Iterator[Finding]:
    return unwatched(host, PATHS)
