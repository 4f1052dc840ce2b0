"""Deletions by people are recorded."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.audit_rules import unrecorded

CALLS = ("unlinkat", "renameat")


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.3-a",),
    scope="host",
    probes=("audit",),
    needs=("kernel_audit",),
    title_zh="审计文件删除与改名",
    title_en="Deletions by people are recorded",
    rationale="What is gone cannot be looked at; who took it away must be known.",
    remediation="./yiyun hosts converge --role auditd",
    references=("auditctl(8)", "audit.rules(7)"),
)
def audit_deletions(host: Host) -> Iterator[Finding]:
    return unrecorded(host, CALLS)
