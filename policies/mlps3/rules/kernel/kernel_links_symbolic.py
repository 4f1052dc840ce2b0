"""Links in shared directories lead nobody astray."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kernel import value_in


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-f",),
    scope="host",
    probes=("sysctls",),
    needs=("kernel_sysctl",),
    title_zh="启用符号链接保护",
    title_en="Links in shared directories lead nobody astray",
    rationale="A link in /tmp has often made a program of root's write somewhere else.",
    remediation="./yiyun hosts converge --role sysctl",
    references=("Linux kernel: Documentation/admin-guide/sysctl/fs.rst protected_symlinks",),
)
def kernel_links_symbolic(host: Host) -> Iterator[Finding]:
    return value_in(host, "fs.protected_symlinks", ("1",), absent="this kernel does not protect links")
