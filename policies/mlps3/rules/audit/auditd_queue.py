"""The kernel keeps audit records until they are taken."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.audit_rules import running

LEAST = 8192


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.3-d",),
    scope="host",
    probes=("audit",),
    needs=("kernel_audit",),
    title_zh="审计队列长度充足",
    title_en="The kernel keeps audit records until they are taken",
    rationale="When the queue is full, records are lost, which an attacker can bring about.",
    remediation="./yiyun hosts converge --role auditd",
    references=("auditctl(8) -b",),
)
def auditd_queue(host: Host) -> Iterator[Finding]:
    status = running(host)
    limit = status.number("backlog_limit")
    if limit < LEAST:
        yield Finding(f"the queue holds {limit} records; wanted {LEAST}", status.at("backlog_limit"), limit)
