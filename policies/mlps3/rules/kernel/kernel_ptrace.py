"""A program cannot look into others of the same person."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kernel import value_in


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-f",),
    scope="host",
    probes=("sysctls",),
    needs=("kernel_sysctl",),
    title_zh="限制进程调试其他进程",
    title_en="A program cannot look into others of the same person",
    rationale="Keys and passwords in the memory of one program are not for all others.",
    remediation="./yiyun hosts converge --role sysctl",
    references=("Linux kernel: Documentation/admin-guide/LSM/Yama.rst",),
)
def kernel_ptrace(host: Host) -> Iterator[Finding]:
    return value_in(host, "kernel.yama.ptrace_scope", ("1", "2", "3"), absent="this kernel has no Yama")
