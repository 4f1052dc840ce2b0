"""Changes of the clock are recorded."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.audit_rules import unrecorded

CALLS = ("settimeofday", "clock_settime")


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.3-a", "8.1.4.3-b"),
    scope="host",
    probes=("audit",),
    needs=("kernel_audit",),
    title_zh="审计系统时间的变更",
    title_en="Changes of the clock are recorded",
    rationale="A record is worth as much as its time.",
    remediation="./yiyun hosts converge --role auditd",
    references=("auditctl(8)", "audit.rules(7)"),
)
def audit_clock(host: Host) -> Iterator[Finding]:
    return unrecorded(host, CALLS)
