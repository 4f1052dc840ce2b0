"""Addresses of load balancers are known to several switches."""

from collections.abc import Iterator

from yiyun.compliance import Finding, NotApplicable, Severity, rule
from yiyun.site import Site


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.2.1-e",),
    scope="site",
    title_zh="负载均衡地址由多台交换机通告",
    title_en="Addresses of load balancers are known to several switches",
    rationale="What one switch alone knows the way to is lost with it.",
    remediation="add the leaf switches of every zone to network.bgp_peers",
)
def switch_peers_zones(site: Site) -> Iterator[Finding]:
    peers = site.spec.network.bgp_peers
    if not peers:
        raise NotApplicable("addresses are announced by ARP, not by BGP")
    missing = sorted(set(site.zones) - {peer.zone for peer in peers})
    if missing:
        yield Finding(f"no switch of {', '.join(missing)} learns them", "network.bgp_peers", ", ".join(missing))
    if len({peer.address for peer in peers}) < 2:
        yield Finding("one switch alone learns them", "network.bgp_peers", 1)
