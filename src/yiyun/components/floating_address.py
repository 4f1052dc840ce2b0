"""Floating addresses: ports of the external network that lead to machines inside a VPC.

One VpcNatGateway for each VPC that has any. It is a single pod (Kube-OVN makes a StatefulSet of one), pinned to the
gateway hosts of one zone; when its host dies it starts on another of that zone. What must survive the loss of a zone
belongs behind a layer-7 load balancer (`l7.py`), which runs in three.

Answers must leave through the gateway that their request came in by: `replies` tells the VPC's router which those are.
"""

from ipaddress import IPv4Address
from typing import Any

import pulumi

from yiyun.components import external_network
from yiyun.components.kubernetes import Component, Item, key
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import FloatingAddress, Subnet, Vpc


def gateway_name(vpc: Vpc) -> str:
    """Name of a VPC's NAT gateway."""
    return f"{vpc.name}-nat"


def gateway_subnet(site: Site, vpc: Vpc) -> Subnet:
    """The subnet that a VPC's NAT gateway lives in: the first one whose zone has gateway hosts."""
    zones = {host.zone for host in site.gateway_hosts(vpc)}
    return next((subnet for subnet in vpc.subnets if subnet.zone in zones), vpc.subnets[0])


def nat_address(site: Site, vpc: Vpc) -> IPv4Address:
    """The NAT gateway's address inside the VPC: the highest of its subnet that nothing in site.yaml claims."""
    subnet = gateway_subnet(site, vpc)
    taken = {subnet.gateway, *(vm.address for vm in site.spec.compute.vms)}
    taken |= {l4.address for l4 in site.spec.load_balancers.l4}
    address = subnet.cidr.broadcast_address - 1
    while address in taken:
        address -= 1
    return address


def replies(site: Site, vpc: Vpc) -> list[tuple[IPv4Address, str, int]]:
    """Address, protocol and source port of every answer that belongs to a floating address.

    Where a floating address leads to a layer-4 load balancer, the answers come from its machines.
    """
    found = set()
    for floating in vpc.floating_addresses:
        found.add((floating.target, floating.protocol, floating.target_port))
        for l4 in site.spec.load_balancers.l4:
            if (l4.vpc, l4.address) != (vpc.name, floating.target):
                continue
            for port in l4.ports:
                if (port.protocol, port.port) == (floating.protocol, floating.target_port):
                    found |= {(site.vm(vm).address, port.protocol, port.target_port) for vm in l4.vms}
    return sorted(found)


def nat_gateway(site: Site, vpc: Vpc) -> dict[str, Any]:
    """The VpcNatGateway of a VPC."""
    subnet = gateway_subnet(site, vpc)
    selector = {
        "kubernetes.io/os": "linux",
        names.role_label("gateway"): "true",
        names.ZONE: subnet.zone,
    }
    if vpc.egress and vpc.egress.arch != "any":
        selector[names.ARCH] = vpc.egress.arch
    return {
        "apiVersion": "kubeovn.io/v1",
        "kind": "VpcNatGateway",
        "metadata": {"name": gateway_name(vpc), "labels": {names.TENANT: vpc.tenant}},
        "spec": {
            "vpc": vpc.name,
            "subnet": subnet.name,
            "lanIp": str(nat_address(site, vpc)),
            "externalSubnets": [external_network.NAME],
            "selector": [f"{label}: {value}" for label, value in selector.items()],
        },
    }


def address_name(vpc: Vpc, address: IPv4Address) -> str:
    """Name of the IptablesEIP of one outside address."""
    return f"{vpc.name}-{str(address).replace('.', '-')}"


def outside_address(vpc: Vpc, address: IPv4Address) -> dict[str, Any]:
    """The IptablesEIP of one outside address."""
    return {
        "apiVersion": "kubeovn.io/v1",
        "kind": "IptablesEIP",
        "metadata": {"name": address_name(vpc, address), "labels": {names.TENANT: vpc.tenant}},
        "spec": {"natGwDp": gateway_name(vpc), "externalSubnet": external_network.NAME, "v4ip": str(address)},
    }


def forwarding(vpc: Vpc, floating: FloatingAddress) -> dict[str, Any]:
    """The IptablesDnatRule of one floating address. `yiyun.io/tls` says whether what listens behind it speaks TLS."""
    return {
        "apiVersion": "kubeovn.io/v1",
        "kind": "IptablesDnatRule",
        "metadata": {
            "name": f"{vpc.name}-{floating.name}",
            "labels": {names.TENANT: vpc.tenant},
            "annotations": {names.TLS: "true" if floating.tls else "false"},
        },
        "spec": {
            "eip": address_name(vpc, floating.address),
            "externalPort": str(floating.port),
            "internalIp": str(floating.target),
            "internalPort": str(floating.target_port),
            "protocol": floating.protocol,
        },
    }


def floating_address_items(site: Site, spec: Vpc) -> list[Item]:
    """The NAT gateway of a VPC, its outside addresses and its forwarding rules; nothing where there are none."""
    if not spec.floating_addresses:
        return []
    gateway = nat_gateway(site, spec)
    items = [Item(gateway)]
    outside = {
        address: outside_address(spec, address) for address in sorted({f.address for f in spec.floating_addresses})
    }
    items += [Item(manifest, after=(key(gateway),)) for manifest in outside.values()]
    items += [
        Item(forwarding(spec, floating), after=(key(outside[floating.address]),))
        for floating in spec.floating_addresses
    ]
    return items


class FloatingAddresses(Component):
    """The floating addresses of one VPC."""

    def __init__(
        self,
        name: str,
        site: Site,
        spec: Vpc,
        opts: pulumi.ResourceOptions | None = None,
        after: tuple[pulumi.Resource, ...] = (),
    ) -> None:
        super().__init__("FloatingAddresses", name, site, floating_address_items(site, spec), opts, after)
