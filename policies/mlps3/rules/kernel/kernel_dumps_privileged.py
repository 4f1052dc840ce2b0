"""Programs with special rights leave no dump."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kernel import value_in


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.10-a",),
    scope="host",
    probes=("sysctls",),
    needs=("kernel_sysctl",),
    title_zh="特权程序不生成内存转储",
    title_en="Programs with special rights leave no dump",
    rationale="A dump of passwd or sudo holds what was typed.",
    remediation="./yiyun hosts converge --role sysctl",
    references=("Linux kernel: Documentation/admin-guide/sysctl/fs.rst suid_dumpable",),
)
def kernel_dumps_privileged(host: Host) -> Iterator[Finding]:
    return value_in(host, "fs.suid_dumpable", ("0",))
