"""Programs in the kernel are compiled with blinding."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kernel import value_in


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.5-a",),
    scope="host",
    probes=("sysctls",),
    needs=("kernel_sysctl",),
    title_zh="BPF 即时编译启用加固",
    title_en="Programs in the kernel are compiled with blinding",
    rationale="Constants of such programs have served to bring code into the kernel.",
    remediation="./yiyun hosts converge --role sysctl",
    references=("Linux kernel: Documentation/admin-guide/sysctl/net.rst bpf_jit_harden",),
)
def kernel_bpf_jit(host: Host) -> Iterator[Finding]:
    return value_in(host, "net.core.bpf_jit_harden", ("1", "2"))
