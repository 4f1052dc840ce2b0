"""The way out of a VPC: a highly available egress gateway (Kube-OVN VpcEgressGateway) on x86 or ARM hosts.

It is the only way out (clause 8.1.3.1-a), and redundant (clause 8.1.2.1-e): its replicas share the traffic, the VPC's
router checks each of them three times a second (BFD) and takes it out of the routes within a second of its death.
Source addresses are translated to those of the external network.

Replicas never share a host. Kube-OVN cannot spread them over zones, so `placement` names the hosts that may carry
one, at most ceil(replicas / zones) in each zone: no zone can hold more replicas than that. When a named host is lost
for long, take it out of the inventory, and the next up names another. With `arch: any` the zones take turns, so both
architectures carry traffic.

The pods set routes and iptables rules, which no tenant's namespace allows: they run in `vpc-gateways`.
"""

from itertools import cycle
from typing import Any

import pulumi

from yiyun.components import external_network
from yiyun.components.kubernetes import Component, Item
from yiyun.components.namespace import VPC_GATEWAYS
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import Egress, Host, Vpc

BFD = {"enabled": True, "minRX": 300, "minTX": 300, "multiplier": 3}
"""Milliseconds between two checks, and how many may be missed: a dead replica is found within 900 ms."""


def placement(site: Site, vpc: Vpc, egress: Egress) -> tuple[Host, ...]:
    """The hosts that may carry a replica: in each zone the same small number, so no zone can hold more replicas.

    A zone that has fewer gateway hosts gives what it has. Empty when the VPC's zones have no gateway host.
    """
    hosts = site.gateway_hosts(vpc)
    zones = sorted({host.zone for host in hosts})
    share = -(-egress.replicas // len(zones)) if zones else 0
    archs = sorted({host.arch for host in hosts})
    chosen: list[Host] = []
    for zone, wanted in zip(zones, cycle(archs), strict=False):
        here = sorted((host for host in hosts if host.zone == zone), key=lambda h: (h.arch != wanted, h.name))
        chosen += here[:share]
    return tuple(chosen)


def node_selector(site: Site, vpc: Vpc, egress: Egress) -> dict[str, Any]:
    """Gateway hosts of the wished architecture, by name."""
    archs = ["amd64", "arm64"] if egress.arch == "any" else [egress.arch]
    return {
        "matchLabels": {names.role_label("gateway"): "true"},
        "matchExpressions": [
            {"key": names.ARCH, "operator": "In", "values": archs},
            {
                "key": names.HOSTNAME,
                "operator": "In",
                "values": sorted(host.name for host in placement(site, vpc, egress)),
            },
        ],
    }


def egress_gateway(site: Site, vpc: Vpc, egress: Egress) -> dict[str, Any]:
    """The VpcEgressGateway of a VPC. `bandwidth_mbit` limits each direction of each replica, in Mbit/s."""
    spec: dict[str, Any] = {
        "vpc": vpc.name,
        "replicas": egress.replicas,
        "internalSubnet": vpc.subnets[0].name,
        "externalSubnet": external_network.NAME,
        "bfd": BFD,
        "policies": [{"snat": True, "subnets": [subnet.name for subnet in vpc.subnets]}],
        "nodeSelector": [node_selector(site, vpc, egress)],
    }
    if egress.bandwidth_mbit:
        spec["bandwidth"] = {"ingress": egress.bandwidth_mbit, "egress": egress.bandwidth_mbit}
    return {
        "apiVersion": "kubeovn.io/v1",
        "kind": "VpcEgressGateway",
        "metadata": {
            "name": f"{vpc.name}-egress",
            "namespace": VPC_GATEWAYS,
            "labels": {names.TENANT: vpc.tenant},
        },
        "spec": spec,
    }


def egress_gateway_items(site: Site, spec: Vpc) -> list[Item]:
    """The egress gateway of a VPC; nothing when it has no way out."""
    return [Item(egress_gateway(site, spec, spec.egress))] if spec.egress else []


class EgressGateway(Component):
    """The way out of one VPC."""

    def __init__(
        self,
        name: str,
        site: Site,
        spec: Vpc,
        opts: pulumi.ResourceOptions | None = None,
        after: tuple[pulumi.Resource, ...] = (),
    ) -> None:
        super().__init__("EgressGateway", name, site, egress_gateway_items(site, spec), opts, after)
