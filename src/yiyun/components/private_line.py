"""The private line to the legacy data centre (IDC): its VLAN hand-offs, one in each zone that has one.

A ProviderNetwork gives Kube-OVN the uplink of the gateway hosts, a Vlan and an underlay Subnet make each hand-off. VPCs
with `private_line: true` get a router port on every hand-off (`vpc.py`); Kube-OVN takes its address from the hand-off's
Subnet (`kubectl get ovn-eips`), and the customer-edge routers need a route back to it.

The first three addresses of a hand-off and its gateway stay with the customer-edge routers (two of them and their VRRP
address).
"""

from ipaddress import IPv4Address
from typing import Any

import pulumi

from yiyun.components.kubernetes import Component, Item, key
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import PrivateLine, PrivateLineHandoff

PROVIDER_NETWORK = "idc"
"""At most 12 characters: Kube-OVN names the host's bridge after it (`br-idc`), and Linux allows 15."""
EDGE_ROUTER_ADDRESSES = 3


def handoff_name(zone: str) -> str:
    """Name of the Vlan and of the Subnet of a zone's hand-off."""
    return f"idc-{zone}"


def provider_network(spec: PrivateLine) -> dict[str, Any]:
    """The ProviderNetwork on the gateway hosts' uplink."""
    return {
        "apiVersion": "kubeovn.io/v1",
        "kind": "ProviderNetwork",
        "metadata": {"name": PROVIDER_NETWORK},
        "spec": {
            "defaultInterface": spec.interface,
            "nodeSelector": {"matchLabels": {names.role_label("gateway"): "true"}},
        },
    }


def vlan(handoff: PrivateLineHandoff) -> dict[str, Any]:
    """The Vlan of one hand-off."""
    return {
        "apiVersion": "kubeovn.io/v1",
        "kind": "Vlan",
        "metadata": {"name": handoff_name(handoff.zone), "labels": {names.ZONE: handoff.zone}},
        "spec": {"provider": PROVIDER_NETWORK, "id": handoff.vlan},
    }


def reserved(handoff: PrivateLineHandoff) -> list[str]:
    """Addresses of a hand-off that belong to the customer-edge routers."""
    first = list(handoff.cidr.hosts())[:EDGE_ROUTER_ADDRESSES]
    taken: set[IPv4Address] = {handoff.gateway, *first}
    return [str(address) for address in sorted(taken)]


def underlay(handoff: PrivateLineHandoff) -> dict[str, Any]:
    """The underlay Subnet of one hand-off."""
    return {
        "apiVersion": "kubeovn.io/v1",
        "kind": "Subnet",
        "metadata": {"name": handoff_name(handoff.zone), "labels": {names.ZONE: handoff.zone}},
        "spec": {
            "protocol": "IPv4",
            "vlan": handoff_name(handoff.zone),
            "cidrBlock": str(handoff.cidr),
            "gateway": str(handoff.gateway),
            "excludeIps": reserved(handoff),
            "disableGatewayCheck": False,
        },
    }


def private_line_items(_site: Site, spec: PrivateLine) -> list[Item]:
    """The uplink, and a Vlan and a Subnet for each hand-off."""
    uplink = provider_network(spec)
    items = [Item(uplink)]
    for handoff in spec.handoffs:
        tag = vlan(handoff)
        items += [Item(tag, after=(key(uplink),)), Item(underlay(handoff), after=(key(tag),))]
    return items


class PrivateLineUplink(Component):
    """The site's private line."""

    def __init__(self, name: str, site: Site, spec: PrivateLine, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("PrivateLineUplink", name, site, private_line_items(site, spec), opts)
