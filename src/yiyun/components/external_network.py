"""The network outside of the cloud, as VPC gateways reach it.

Gateway pods get a second network card on the host's uplink (Multus, macvlan), with addresses out of
`network.external`. Kube-OVN hands those out; what belongs to somebody else is kept from it: the router, the range of
the platform's load balancers (MetalLB), and the floating addresses, which it gives only to those who name them.

The two ConfigMaps are read by Kube-OVN's controller under exactly these names: one switches VPC NAT gateways on, one
names their image.
"""

import json
from typing import Any

import pulumi

from yiyun.components.kubernetes import Component, Item, key
from yiyun.components.namespace import KUBE_SYSTEM
from yiyun.site import Site

NAME = "external"
"""Name of the network attachment and of its Subnet."""
PROVIDER = f"{NAME}.{KUBE_SYSTEM}"
KUBE_OVN_VERSION = "v1.16.2"


def attachment(site: Site) -> dict[str, Any]:
    """The NetworkAttachmentDefinition: macvlan on the uplink, addresses from Kube-OVN."""
    config = {
        "cniVersion": "0.3.1",
        "type": "macvlan",
        "master": site.spec.network.external.interface,
        "mode": "bridge",
        "ipam": {
            "type": "kube-ovn",
            "server_socket": "/run/openvswitch/kube-ovn-daemon.sock",
            "provider": PROVIDER,
        },
    }
    return {
        "apiVersion": "k8s.cni.cncf.io/v1",
        "kind": "NetworkAttachmentDefinition",
        "metadata": {"name": NAME, "namespace": KUBE_SYSTEM},
        "spec": {"config": json.dumps(config, sort_keys=True)},
    }


def subnet(site: Site) -> dict[str, Any]:
    """The Subnet from which gateways take their outside addresses."""
    external = site.spec.network.external
    first, last = external.load_balancer_range.split("-")
    floating = {address.address for vpc in site.spec.network.vpcs for address in vpc.floating_addresses}
    return {
        "apiVersion": "kubeovn.io/v1",
        "kind": "Subnet",
        "metadata": {"name": NAME},
        "spec": {
            "protocol": "IPv4",
            "provider": PROVIDER,
            "cidrBlock": str(external.cidr),
            "gateway": str(external.gateway),
            "excludeIps": [str(external.gateway), f"{first}..{last}", *(str(each) for each in sorted(floating))],
        },
    }


def config_map(name: str, data: dict[str, str]) -> dict[str, Any]:
    """A ConfigMap that Kube-OVN's controller reads."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": KUBE_SYSTEM},
        "data": data,
    }


def external_network_items(site: Site) -> list[Item]:
    """What the gateways of all VPCs share; nothing when no VPC has a way out or in."""
    vpcs = site.spec.network.vpcs
    items: list[Item] = []
    if any(vpc.egress or vpc.floating_addresses for vpc in vpcs):
        definition = attachment(site)
        items += [Item(definition), Item(subnet(site), after=(key(definition),))]
    if any(vpc.floating_addresses for vpc in vpcs):
        image = f"{site.spec.registry}/kubeovn/vpc-nat-gateway:{KUBE_OVN_VERSION}"
        items += [
            Item(config_map("ovn-vpc-nat-gw-config", {"enable-vpc-nat-gw": "true"})),
            Item(config_map("ovn-vpc-nat-config", {"image": image})),
        ]
    return items


class ExternalNetwork(Component):
    """The network outside of the cloud."""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ExternalNetwork", name, site, external_network_items(site), opts)
