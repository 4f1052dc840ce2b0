"""Refused access to files is recorded."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.audit_rules import unrecorded

CALLS = ("openat", "truncate")


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.3-a", "8.1.4.4-f"),
    scope="host",
    probes=("audit",),
    needs=("kernel_audit",),
    title_zh="审计被拒绝的文件访问",
    title_en="Refused access to files is recorded",
    rationale="Trying many doors is how an intruder begins.",
    remediation="./yiyun hosts converge --role auditd",
    references=("auditctl(8)", "audit.rules(7)"),
)
def audit_refusals(host: Host) -> Iterator[Finding]:
    return unrecorded(host, CALLS, exits=("-EACCES", "-EPERM"))
