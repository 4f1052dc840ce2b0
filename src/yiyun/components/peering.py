"""Addresses of the links between peered VPCs.

Each pair of peered VPCs gets a link of its own, a /30 out of 169.254.0.0/16 (RFC 3927): both sides must agree on it
without asking anybody, and an edit of one pair must not renumber the others. So the link follows from the two names by
a hash; two pairs that fall on one link are told apart by taking the next free one in the order of their names.
"""

import hashlib
from collections.abc import Iterable
from ipaddress import IPv4Interface, IPv4Network
from typing import NamedTuple

from yiyun.site import Site
from yiyun.site.model import Vpc

LINKS = IPv4Network("169.254.0.0/16")
TAKEN = tuple(
    IPv4Network(network)
    for network in (
        "169.254.0.0/24",  # reserved by RFC 3927
        "169.254.20.0/24",  # node-local DNS caches
        "169.254.169.0/24",  # metadata services
        "169.254.255.0/24",  # reserved by RFC 3927; see vpc.BFD_ADDRESS
    )
)
SLOTS = tuple(net for net in LINKS.subnets(new_prefix=30) if not any(net.subnet_of(taken) for taken in TAKEN))


class Link(NamedTuple):
    """One side of a link between two VPCs."""

    remote: str
    """Name of the VPC on the other side."""
    local_address: IPv4Interface
    remote_address: IPv4Interface


def peers_of(site: Site, vpc: Vpc) -> tuple[str, ...]:
    """Names of the VPCs that `vpc` is peered with, whichever side names the other, sorted."""
    named = {other.name for other in site.spec.network.vpcs if vpc.name in other.peers}
    return tuple(sorted({*vpc.peers, *named} - {vpc.name}))


def assign(pairs: Iterable[frozenset[str]]) -> dict[frozenset[str], IPv4Network]:
    """The link of each pair of VPC names. Raises ValueError when there are more pairs than links (16,128)."""
    found: dict[frozenset[str], IPv4Network] = {}
    used: set[int] = set()
    for pair in sorted(set(pairs), key=sorted):
        if len(found) == len(SLOTS):
            raise ValueError(f"more than {len(SLOTS)} peerings")
        digest = hashlib.sha256("\0".join(sorted(pair)).encode()).digest()
        slot = int.from_bytes(digest[:8]) % len(SLOTS)
        while slot in used:
            slot = (slot + 1) % len(SLOTS)
        used.add(slot)
        found[pair] = SLOTS[slot]
    return found


def links_of(site: Site, vpc: Vpc) -> list[Link]:
    """The links of one VPC, by the name of the other side. The side whose name sorts first has the lower address."""
    pairs = {frozenset((each.name, peer)) for each in site.spec.network.vpcs for peer in peers_of(site, each)}
    networks = assign(pairs)
    links = []
    for peer in peers_of(site, vpc):
        network = networks[frozenset((vpc.name, peer))]
        low, high = (IPv4Interface(f"{network[i]}/30") for i in (1, 2))
        local, remote = (low, high) if vpc.name < peer else (high, low)
        links.append(Link(peer, local, remote))
    return links
