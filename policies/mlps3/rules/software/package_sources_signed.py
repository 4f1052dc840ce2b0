"""Packages are taken only with their maker's signature."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule, shown


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.7-a", "8.1.4.4-e", "8.1.4.5-a"),
    scope="host",
    probes=("repositories",),
    title_zh="软件源启用签名校验",
    title_en="Packages are taken only with their maker's signature",
    rationale="Who stands between a host and an unsigned source is root on the host.",
    remediation="base_repository_key in the inventory, then ./yiyun hosts converge --role base",
    references=("apt-secure(8)", "dnf.conf(5) gpgcheck"),
)
def package_sources_signed(host: Host) -> Iterator[Finding]:
    repositories = host.facts("repositories")
    lax = repositories.texts("lax")
    for setting in lax:
        yield Finding(f"{shown(setting)} lets packages in without a signature", repositories.at("lax"), setting)
    sources = repositories.items("sources")
    if not sources and not lax:
        raise NotApplicable("the host has no source of packages")
    for source in sources:
        if not source.flag("signed"):
            address = source.text("address")
            yield Finding(f"{shown(address)} is taken without a signature", source.at("signed"), address)
