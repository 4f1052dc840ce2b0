"""Address plan of the site: the networks of its hosts, of Kubernetes, and of the lines to the outside."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from yiyun.site.checks.addresses import address_range, usable
from yiyun.site.checks.places import Places, Problem

if TYPE_CHECKING:
    from yiyun.site.loader import Site

LAB_RANGE = IPv4Network("198.18.0.0/15")
"""Benchmarking range (RFC 2544): labs live in it, so that no route to a real network can be shadowed."""

RESERVED_RANGES = {
    IPv4Network("0.0.0.0/8"): "this network (RFC 1122)",
    IPv4Network("100.64.0.0/16"): "Kube-OVN's join network",
    IPv4Network("127.0.0.0/8"): "loopback",
    IPv4Network("169.254.0.0/16"): "link-local; peerings live in it",
    IPv4Network("224.0.0.0/3"): "multicast and reserved",
}


def hosts_lie_in_the_management_network(site: "Site", at: Places) -> Iterator[Problem]:
    """Host addresses are usable addresses of network.management."""
    network = site.spec.network.management
    for host in site.hosts:
        if not usable(host.address, network):
            where = at.host(host.name, "ansible_host")
            yield Problem(where, f"host {host.name}: {host.address} is no host address of network.management {network}")


def labs_use_the_benchmarking_range(site: "Site", at: Places) -> Iterator[Problem]:
    """Networks that hosts of a lab really have lie in 198.18.0.0/15."""
    network = site.spec.network
    named = [("management", network.management), ("storage", network.storage), ("external", network.external.cidr)]
    for name, cidr in named if site.spec.lab else ():
        if not cidr.subnet_of(LAB_RANGE):
            yield Problem(at.site("network", name), f"network.{name} {cidr} of a lab lies outside of {LAB_RANGE}")


def networks_do_not_overlap(site: "Site", at: Places) -> Iterator[Problem]:
    """All address plans of the site are disjoint."""
    named = sorted(_networks(site, at), key=lambda item: (item[0], item[0].prefixlen))
    widest: tuple[IPv4Network, str, str] | None = None
    for cidr, name, where in named:
        if widest and cidr.overlaps(widest[0]):
            yield Problem(where, f"{name} {cidr} overlaps {widest[1]} {widest[0]} ({widest[2]}); choose another range")
        if widest is None or cidr.broadcast_address > widest[0].broadcast_address:
            widest = (cidr, name, where)


def networks_avoid_reserved_ranges(site: "Site", at: Places) -> Iterator[Problem]:
    """No network lies in a range that means something else everywhere, or to Kube-OVN."""
    for cidr, name, where in _networks(site, at):
        for reserved, owner in RESERVED_RANGES.items():
            if cidr.overlaps(reserved):
                yield Problem(where, f"{name} {cidr} overlaps {reserved}, {owner}; choose another range")


def service_network_has_a_size_for_kubernetes(site: "Site", at: Places) -> Iterator[Problem]:
    """Kubernetes takes service networks of at most 2^20 addresses; below 2^8 there are too few."""
    services = site.spec.network.services
    if not 12 <= services.prefixlen <= 24:
        yield Problem(at.site("network", "services"), f"network.services {services}: write a range from /12 to /24")


def private_line_addresses_fit(site: "Site", at: Places) -> Iterator[Problem]:
    """Each zone has at most one hand-off of the private line, with its gateway inside."""
    line = site.spec.network.private_line
    zones: set[str] = set()
    for i, handoff in enumerate(line.handoffs if line else ()):
        path = ("network", "private_line", "handoffs", i)
        if not usable(handoff.gateway, handoff.cidr):
            yield Problem(
                at.site(*path, "gateway"), f"hand-off gateway {handoff.gateway} is no address of {handoff.cidr}"
            )
        if handoff.zone in zones:
            yield Problem(at.site(*path, "zone"), f"zone {handoff.zone} has a second hand-off; keep one")
        zones.add(handoff.zone)


def external_addresses_fit(site: "Site", at: Places) -> Iterator[Problem]:
    """The external gateway and the load balancers' range lie in the external network, apart from each other."""
    external = site.spec.network.external
    path = ("network", "external")
    if not usable(external.gateway, external.cidr):
        text = f"external gateway {external.gateway} is no address of {external.cidr}"
        yield Problem(at.site(*path, "gateway"), text)
    first, last = address_range(external.load_balancer_range)
    if first is None or last is None or first > last:
        text = f"{external.load_balancer_range} is not a range; write first-last, such as 198.18.2.64-198.18.2.127"
        yield Problem(at.site(*path, "load_balancer_range"), text)
    elif not (usable(first, external.cidr) and usable(last, external.cidr)) or first <= external.gateway <= last:
        text = f"load_balancer_range {first}-{last} must lie in {external.cidr}, without its gateway"
        yield Problem(at.site(*path, "load_balancer_range"), text)


def _networks(site: "Site", at: Places) -> Iterator[tuple[IPv4Network, str, str]]:
    """All networks that must be disjoint: range, name, place."""
    network = site.spec.network
    for name in ("management", "storage", "pods", "services"):
        yield getattr(network, name), f"network.{name}", at.site("network", name)
    yield network.external.cidr, "network.external", at.site("network", "external", "cidr")
    if network.private_line:
        for i, cidr in enumerate(network.private_line.idc_cidrs):
            yield cidr, "private line idc_cidrs", at.site("network", "private_line", "idc_cidrs", i)
        for i, handoff in enumerate(network.private_line.handoffs):
            where = at.site("network", "private_line", "handoffs", i, "cidr")
            yield handoff.cidr, f"private line hand-off of {handoff.zone}", where
    for i, vpc in enumerate(network.vpcs):
        yield vpc.cidr, f"VPC {vpc.name}", at.site("network", "vpcs", i, "cidr")
