"""Nobody links to files that he could not write."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kernel import value_in


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-f",),
    scope="host",
    probes=("sysctls",),
    needs=("kernel_sysctl",),
    title_zh="启用硬链接保护",
    title_en="Nobody links to files that he could not write",
    rationale="A hard link keeps an old program with a hole alive.",
    remediation="./yiyun hosts converge --role sysctl",
    references=("Linux kernel: Documentation/admin-guide/sysctl/fs.rst protected_hardlinks",),
)
def kernel_links_hard(host: Host) -> Iterator[Finding]:
    return value_in(host, "fs.protected_hardlinks", ("1",), absent="this kernel does not protect links")
