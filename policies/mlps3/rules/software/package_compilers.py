"""No compiler is installed."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule

NAMES = ("clang", "g++", "gcc", "gcc-c++", "gdb", "tcc")


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.4-a", "8.1.9.4-a"),
    scope="host",
    probes=("packages",),
    title_zh="生产主机未安装编译与调试工具",
    title_en="No compiler is installed",
    rationale="Attacks on the kernel are compiled where they are to run.",
    remediation="./yiyun hosts converge --role services",
)
def package_compilers(host: Host) -> Iterator[Finding]:
    installed = host.facts("packages").facts("installed")
    for name in NAMES:
        if installed.flag(name):
            yield Finding(f"{name} is installed", installed.at(name), name)
