"""Hosts: their addresses, their part in the control plane, and where they stand."""

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from yiyun.site.checks.places import Places, Problem
from yiyun.site.model import Host

if TYPE_CHECKING:
    from yiyun.site.loader import Site


def addresses_are_unique(site: "Site", at: Places) -> Iterator[Problem]:
    """No two hosts have one address."""
    hosts = sorted(site.hosts, key=lambda host: host.address)
    for first, second in pairwise(hosts):
        if first.address == second.address:
            where = at.host(second.name, "ansible_host")
            yield Problem(where, f"hosts {first.name} and {second.name} both have address {second.address}")


def every_zone_has_a_control_host(site: "Site", at: Places) -> Iterator[Problem]:
    """Each availability zone has a control host, so that no zone's loss takes the control plane."""
    for i, zone in enumerate(site.zones):
        if not site.hosts_in(zone=zone, role="control"):
            yield Problem(
                at.site("zones", i), f"zone {zone} has no control host; add one to group control of hosts.yaml"
            )


def etcd_members_are_odd(site: "Site", at: Places) -> Iterator[Problem]:
    """Etcd has an odd number of members: an even one survives no more and may split."""
    members = site.hosts_in(role="etcd")
    if members and len(members) % 2 == 0:
        own = any("etcd" in host.groups for host in at.listed.hosts.values())
        group = at.listed.groups["etcd" if own else "control"]
        names = ", ".join(host.name for host in members)
        yield Problem(
            group.where, f"etcd has {len(members)} members ({names}); an odd number is needed, add or remove one"
        )


def racks_lie_in_one_zone(site: "Site", at: Places) -> Iterator[Problem]:
    """A rack name means one rack: its hosts are in one zone and on one switch pair."""
    yield from _same(site, at, "rack", "zone")
    yield from _same(site, at, "rack", "switch_pair")


def switch_pairs_lie_in_one_zone(site: "Site", at: Places) -> Iterator[Problem]:
    """A switch pair serves one zone."""
    yield from _same(site, at, "switch_pair", "zone")


def rooms_lie_in_one_zone(site: "Site", at: Places) -> Iterator[Problem]:
    """A machine room belongs to one zone, a rack stands in one room."""
    yield from _same(site, at, "room", "zone")
    yield from _same(site, at, "rack", "room")


def page_sizes_fit_the_architecture(site: "Site", at: Places) -> Iterator[Problem]:
    """Pages other than 4 KiB exist on arm64 only."""
    for host in site.hosts:
        if host.arch == "amd64" and host.page_size_kib != 4:
            where = at.host(host.name, "yiyun_page_size_kib")
            yield Problem(where, f"host {host.name}: {host.page_size_kib} KiB pages on amd64; write 4")


def _same(site: "Site", at: Places, thing: str, property_: str) -> Iterator[Problem]:
    """Hosts that share `thing` (a rack, say) share `property_` (its zone, say)."""
    first: dict[str, Host] = {}
    for host in site.hosts:
        name = getattr(host, thing)
        other = first.setdefault(name, host)
        mine, theirs = getattr(host, property_), getattr(other, property_)
        if mine != theirs:
            text = f"{thing} {name} is in {property_} {theirs} (host {other.name}) and {mine} (host {host.name})"
            where = at.host(host.name, f"yiyun_{thing}")
            yield Problem(where, f"{text.replace('switch_pair', 'switch pair')}; names are unique in the site")
