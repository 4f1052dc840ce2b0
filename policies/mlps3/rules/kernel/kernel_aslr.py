"""The kernel places programs in memory at random."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kernel import value_in


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.5-a",),
    scope="host",
    probes=("sysctls",),
    needs=("kernel_sysctl",),
    title_zh="内核启用完整地址空间随机化",
    title_en="The kernel places programs in memory at random",
    rationale="Attacks on memory need to know where things are.",
    remediation="./yiyun hosts converge --role sysctl",
    references=("Linux kernel: Documentation/admin-guide/sysctl/kernel.rst randomize_va_space",),
)
def kernel_aslr(host: Host) -> Iterator[Finding]:
    return value_in(host, "kernel.randomize_va_space", ("2",), absent="this kernel cannot place programs at random")
