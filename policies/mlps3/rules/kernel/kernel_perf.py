"""Only administrators measure other programs."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kernel import value_in


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.2-f",),
    scope="host",
    probes=("sysctls",),
    needs=("kernel_sysctl",),
    title_zh="性能计数接口仅管理员可用",
    title_en="Only administrators measure other programs",
    rationale="Counters of the processor have shown others' keys.",
    remediation="./yiyun hosts converge --role sysctl",
    references=("Linux kernel: Documentation/admin-guide/sysctl/kernel.rst perf_event_paranoid",),
)
def kernel_perf(host: Host) -> Iterator[Finding]:
    return value_in(host, "kernel.perf_event_paranoid", ("2", "3", "4"))
