"""Addresses of the platform's own load balancers (MetalLB), announced to the leaf switches by BGP.

Only the ingress gateways' namespace may take an address, and only by naming the pool: nobody publishes a service by
accident. Each leaf is talked to by the nodes of its own zone and watched by BFD, so a dead node is out of the switches'
routes within a second. A site without `network.bgp_peers` announces by ARP on the external interface instead: one node
answers for each address, and takeover takes seconds.
"""

from typing import Any

import pulumi

from yiyun.components.kubernetes import Component, Item, key
from yiyun.components.namespace import ENVOY_GATEWAY, METALLB
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import BgpPeer, Network

POOL = "platform"
BFD_PROFILE = "fast"


def _object(version: str, kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": f"metallb.io/{version}",
        "kind": kind,
        "metadata": {"name": name, "namespace": METALLB},
        "spec": spec,
    }


def address_pool(network: Network) -> dict[str, Any]:
    """The IPAddressPool."""
    return _object(
        "v1beta1",
        "IPAddressPool",
        POOL,
        {
            "addresses": [network.external.load_balancer_range],
            "autoAssign": False,
            "avoidBuggyIPs": True,
            "serviceAllocation": {"priority": 1, "namespaces": [ENVOY_GATEWAY]},
        },
    )


def bgp_peer(network: Network, peer: BgpPeer) -> dict[str, Any]:
    """The BGPPeer of one leaf switch."""
    return _object(
        "v1beta2",
        "BGPPeer",
        peer.name,
        {
            "myASN": network.bgp_asn,
            "peerASN": peer.asn,
            "peerAddress": str(peer.address),
            "bfdProfile": BFD_PROFILE,
            "holdTime": "9s",
            "keepaliveTime": "3s",
            "nodeSelectors": [{"matchLabels": {names.ZONE: peer.zone}}],
        },
    )


def metallb_items(site: Site) -> list[Item]:
    """The pool and how it is announced."""
    network = site.spec.network
    pool = address_pool(network)
    if not network.bgp_peers:
        arp = {"ipAddressPools": [POOL], "interfaces": [network.external.interface]}
        return [Item(pool), Item(_object("v1beta1", "L2Advertisement", POOL, arp), after=(key(pool),))]
    timers = {"receiveInterval": 300, "transmitInterval": 300, "detectMultiplier": 3}
    profile = _object("v1beta1", "BFDProfile", BFD_PROFILE, timers)
    peers = [bgp_peer(network, peer) for peer in network.bgp_peers]
    routes = {"ipAddressPools": [POOL], "aggregationLength": 32, "peers": [peer.name for peer in network.bgp_peers]}
    advertisement = _object("v1beta1", "BGPAdvertisement", POOL, routes)
    return [
        Item(pool),
        Item(profile),
        *(Item(peer, after=(key(profile),)) for peer in peers),
        Item(advertisement, after=(key(pool), *(key(peer) for peer in peers))),
    ]


class LoadBalancerAddresses(Component):
    """Addresses of the platform's load balancers."""

    def __init__(
        self,
        name: str,
        site: Site,
        opts: pulumi.ResourceOptions | None = None,
        after: tuple[pulumi.Resource, ...] = (),
    ) -> None:
        super().__init__("LoadBalancerAddresses", name, site, metallb_items(site), opts, after)
