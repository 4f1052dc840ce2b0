"""Mounts are recorded."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.audit_rules import unrecorded

CALLS = ("mount", "umount2")


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.3-a",),
    scope="host",
    probes=("audit",),
    needs=("kernel_audit",),
    title_zh="审计文件系统挂载",
    title_en="Mounts are recorded",
    rationale="A mount brings files in, or puts others in front of those that everybody trusts.",
    remediation="./yiyun hosts converge --role auditd",
    references=("auditctl(8)", "audit.rules(7)"),
)
def audit_mounts(host: Host) -> Iterator[Finding]:
    return unrecorded(host, CALLS)
