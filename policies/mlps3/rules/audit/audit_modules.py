"""Loading and unloading of kernel modules is recorded."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.audit_rules import unrecorded

CALLS = ("init_module", "finit_module", "delete_module")


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.3-a", "8.1.4.4-f"),
    scope="host",
    probes=("audit",),
    needs=("kernel_audit",),
    title_zh="审计内核模块的加载与卸载",
    title_en="Loading and unloading of kernel modules is recorded",
    rationale="A module is the kernel: it can hide everything else.",
    remediation="./yiyun hosts converge --role auditd",
    references=("auditctl(8)", "audit.rules(7)"),
)
def audit_modules(host: Host) -> Iterator[Finding]:
    return unrecorded(host, CALLS)
