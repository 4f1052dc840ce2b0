"""Files in shared directories catch nobody's data."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kernel import value_in


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.2-f",),
    scope="host",
    probes=("sysctls",),
    needs=("kernel_sysctl",),
    title_zh="启用普通文件保护",
    title_en="Files in shared directories catch nobody's data",
    rationale="A file of somebody else where a program expects its own gets its content.",
    remediation="./yiyun hosts converge --role sysctl",
    references=("Linux kernel: Documentation/admin-guide/sysctl/fs.rst protected_regular",),
)
def kernel_regular_files(host: Host) -> Iterator[Finding]:
    return value_in(host, "fs.protected_regular", ("1", "2"))
