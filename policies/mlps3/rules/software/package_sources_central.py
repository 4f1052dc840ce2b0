"""Hosts take packages from the site's own repositories."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.site import Site


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.5.4-e",),
    scope="host",
    probes=("repositories",),
    needs_site=True,
    title_zh="补丁来源为站点统一仓库",
    title_en="Hosts take packages from the site's own repositories",
    rationale="Fixes that every host fetches for itself from the internet are managed by nobody.",
    remediation="yiyun_package_repository in the inventory, then ./yiyun hosts converge --role base",
    references=("sources.list(5)", "dnf.conf(5)"),
)
def package_sources_central(host: Host, site: Site) -> Iterator[Finding]:
    facts = host.facts("repositories")
    sources = facts.items("sources")
    if not sources:
        yield Finding("there is no place to take fixes from", facts.at("sources"))
    for source in sources:
        address = source.text("address")
        if not _of_site(urlsplit(address).hostname or "", site.spec.domain):
            yield Finding(f"{shown(address)} is no repository of {site.spec.domain}", source.at("address"), address)


def _of_site(name: str, domain: str) -> bool:
    try:
        return ip_address(name).is_private
    except ValueError:
        return name == domain or name.endswith(f".{domain}")
