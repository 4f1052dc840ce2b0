"""The kernel has lost no audit records."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.audit_rules import running


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.3-a", "8.1.4.3-d"),
    scope="host",
    probes=("audit",),
    needs=("kernel_audit",),
    title_zh="内核审计记录无丢失",
    title_en="The kernel has lost no audit records",
    rationale="What was lost cannot be asked about; a number above 0 says that the queue was too short, or that nobody read it.",
    remediation="./yiyun hosts converge --role auditd; auditctl --reset-lost",
    references=("auditctl(8) -s",),
)
def auditd_lost(host: Host) -> Iterator[Finding]:
    status = running(host)
    lost = status.number("lost")
    if lost != 0:
        yield Finding(f"{lost} records were lost since the last reset", status.at("lost"), lost)
