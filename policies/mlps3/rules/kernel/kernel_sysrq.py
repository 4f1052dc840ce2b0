"""Nobody reboots or kills by keys at the console."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kernel import value_in


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.4-b",),
    scope="host",
    probes=("sysctls",),
    needs=("kernel_sysctl",),
    title_zh="禁用 SysRq 组合键",
    title_en="Nobody reboots or kills by keys at the console",
    rationale="Whoever stands at the console, or has its remote view, needs no login for these keys.",
    remediation="./yiyun hosts converge --role sysctl",
    references=("Linux kernel: Documentation/admin-guide/sysrq.rst",),
)
def kernel_sysrq(host: Host) -> Iterator[Finding]:
    return value_in(host, "kernel.sysrq", ("0",))
