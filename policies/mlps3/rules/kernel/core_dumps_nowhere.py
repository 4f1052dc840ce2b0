"""A broken program's memory reaches no disk."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown

NOTHING = ("|/bin/false", "|/bin/true", "|/usr/bin/false", "|/usr/bin/true")


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.10-a", "8.1.4.10-b"),
    scope="host",
    probes=("sysctls",),
    needs=("core_pattern",),
    title_zh="程序崩溃内存不落盘",
    title_en="A broken program's memory reaches no disk",
    rationale="Passwords, keys and patients' data stand in memory; a dump lies there until somebody finds it.",
    remediation="./yiyun hosts converge --role core_dumps",
    references=("core(5)", "Linux kernel: Documentation/admin-guide/sysctl/kernel.rst core_pattern"),
)
def core_dumps_nowhere(host: Host) -> Iterator[Finding]:
    values = host.facts("sysctls").facts("values")
    pattern = values.text("kernel.core_pattern")
    if pattern.split(" ")[0] not in NOTHING:
        yield Finding(f"dumps go to {shown(pattern)}", values.at("kernel.core_pattern"), pattern)
