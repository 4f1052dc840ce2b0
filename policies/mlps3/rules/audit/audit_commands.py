"""Commands of people are recorded."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.audit_rules import unrecorded

CALLS = ("execve",)


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.3-a", "8.1.5.1-a", "8.1.5.2-a", "8.1.5.3-a", "8.1.10.6-e", "8.1.10.6-i"),
    scope="host",
    probes=("audit",),
    needs=("kernel_audit",),
    title_zh="审计用户执行的命令",
    title_en="Commands of people are recorded",
    rationale="Who did what begins with which program was started.",
    remediation="./yiyun hosts converge --role auditd",
    references=("auditctl(8)", "audit.rules(7)"),
)
def audit_commands(host: Host) -> Iterator[Finding]:
    return unrecorded(host, CALLS)
