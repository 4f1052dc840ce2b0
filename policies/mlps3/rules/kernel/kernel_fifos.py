"""Pipes in shared directories catch nobody's data."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kernel import value_in


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.2-f",),
    scope="host",
    probes=("sysctls",),
    needs=("kernel_sysctl",),
    title_zh="启用 FIFO 保护",
    title_en="Pipes in shared directories catch nobody's data",
    rationale="A pipe where a program expects its own file gets the file's content.",
    remediation="./yiyun hosts converge --role sysctl",
    references=("Linux kernel: Documentation/admin-guide/sysctl/fs.rst protected_fifos",),
)
def kernel_fifos(host: Host) -> Iterator[Finding]:
    return value_in(host, "fs.protected_fifos", ("1", "2"))
