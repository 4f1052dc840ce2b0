"""Changes of rights by people are recorded."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.audit_rules import unrecorded

CALLS = ("fchmodat", "fchownat", "setxattr")


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.3-a",),
    scope="host",
    probes=("audit",),
    needs=("kernel_audit",),
    title_zh="审计权限与属主的变更",
    title_en="Changes of rights by people are recorded",
    rationale="A mode of 4755 on a shell is root for everybody.",
    remediation="./yiyun hosts converge --role auditd",
    references=("auditctl(8)", "audit.rules(7)"),
)
def audit_permissions(host: Host) -> Iterator[Finding]:
    return unrecorded(host, CALLS)
