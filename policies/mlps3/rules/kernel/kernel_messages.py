"""Only administrators read the kernel's messages."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kernel import value_in


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.2-f", "8.1.4.3-c"),
    scope="host",
    probes=("sysctls",),
    needs=("kernel_sysctl",),
    title_zh="内核日志仅管理员可读",
    title_en="Only administrators read the kernel's messages",
    rationale="Messages show addresses, devices and what breaks.",
    remediation="./yiyun hosts converge --role sysctl",
    references=("Linux kernel: Documentation/admin-guide/sysctl/kernel.rst dmesg_restrict",),
)
def kernel_messages(host: Host) -> Iterator[Finding]:
    return value_in(host, "kernel.dmesg_restrict", ("1",), absent="this kernel cannot keep its messages")
