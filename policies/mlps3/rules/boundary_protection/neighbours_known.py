"""Nobody unknown is in the management network."""

from collections.abc import Iterator
from ipaddress import IPv4Address

from yiyun.compliance import Finding, Host, Severity, Unevaluated, rule, shown
from yiyun.site import Site


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.3.1-b",),
    scope="host",
    probes=("links",),
    needs_site=True,
    title_zh="管理网内无未登记设备",
    title_en="Nobody unknown is in the management network",
    rationale="A device that nobody has listed, and that answers in the network of the hosts, was let in by nobody.",
    remediation="find the device by its hardware address and take it away, or list it in hosts.yaml",
)
def neighbours_known(host: Host, site: Site) -> Iterator[Finding]:
    links = host.facts("links")
    network = site.spec.network.management
    known = {str(each.address) for each in (*site.hosts, *site.spec.network.bgp_peers)} | {*links.texts("gateways")}
    if site.spec.lab:
        known.add(str(network[1]))  # the lab's own bridge
    for seen in links.items("neighbours"):
        address = seen.text("address")
        try:
            inside = IPv4Address(address) in network
        except ValueError:
            raise Unevaluated(f"{seen.at('address')}: {shown(address)} is no address") from None
        if inside and address not in known:
            text = f"{address} ({shown(seen.text('hardware')) or 'no hardware address'}) is no host of the site"
            yield Finding(text, seen.at("address"), address)
