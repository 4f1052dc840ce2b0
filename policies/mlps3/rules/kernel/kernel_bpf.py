"""Only administrators load programs into the kernel."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kernel import value_in


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.4-b", "8.1.4.2-d"),
    scope="host",
    probes=("sysctls",),
    needs=("kernel_sysctl",),
    title_zh="禁止普通用户加载 BPF 程序",
    title_en="Only administrators load programs into the kernel",
    rationale="The verifier of such programs has had many holes.",
    remediation="./yiyun hosts converge --role sysctl",
    references=("Linux kernel: Documentation/admin-guide/sysctl/kernel.rst unprivileged_bpf_disabled",),
)
def kernel_bpf(host: Host) -> Iterator[Finding]:
    return value_in(host, "kernel.unprivileged_bpf_disabled", ("1", "2"))
