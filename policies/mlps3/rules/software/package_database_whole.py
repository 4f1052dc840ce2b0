"""The package database is whole."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.4-e",),
    scope="host",
    probes=("packages",),
    title_zh="软件包状态完整",
    title_en="The package database is whole",
    rationale="A package that is half there gets no security updates, and stops those of all others.",
    remediation="./yiyun hosts converge --role base",
    references=("dpkg(1) --audit",),
)
def package_database_whole(host: Host) -> Iterator[Finding]:
    broken = host.facts("packages").texts("half_installed")
    if broken:
        yield Finding(
            f"the package manager reports {len(broken)} lines of trouble", "packages.half_installed", len(broken)
        )
