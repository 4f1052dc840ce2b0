"""The kernel does not show its addresses."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kernel import value_in


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.5-a",),
    scope="host",
    probes=("sysctls",),
    needs=("kernel_sysctl",),
    title_zh="内核地址不对普通用户公开",
    title_en="The kernel does not show its addresses",
    rationale="Where the kernel is in memory is half of an attack on it.",
    remediation="./yiyun hosts converge --role sysctl",
    references=("Linux kernel: Documentation/admin-guide/sysctl/kernel.rst kptr_restrict",),
)
def kernel_pointers(host: Host) -> Iterator[Finding]:
    return value_in(host, "kernel.kptr_restrict", ("1", "2"), absent="this kernel cannot hide its addresses")
