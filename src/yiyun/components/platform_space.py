"""The platform's own namespaces, each with default-deny and what its part needs (clause 8.1.3.2-a).

Everywhere: pods of one namespace talk to one another, resolve names, reach the API server, and are reached from the
nodes (the API server calls webhooks from there; parts on a host's network have node addresses too). Beyond that:

- operators reach the tenants' namespaces, where their databases and disk copies run;
- Ceph's pods reach the storage network; gateways of the object store are reached by tenants, by Velero and by Rook;
- proxies of the ingress gateways are reached from everywhere on their listeners' ports, and reach the tenants;
- a VPC's egress gateway passes what comes from or goes to its VPC, and answers its router's health checks.
"""

from dataclasses import replace
from typing import Any

import pulumi

from yiyun.components.gateway_class import PROXY_LABELS
from yiyun.components.kubernetes import Component, Item, key
from yiyun.components.namespace import (
    CDI,
    CNPG,
    ENVOY_GATEWAY,
    OCEANBASE,
    PLATFORM_NAMESPACES,
    TIDB,
    VPC_GATEWAYS,
    namespace,
)
from yiyun.components.network_rules import (
    NODE_ADDRESSES,
    Peer,
    Rule,
    api_server,
    default_deny,
    dns,
    elsewhere,
    network,
    object_gateways,
    policy,
    ports,
)
from yiyun.components.secret_refs import BLOCK_NAMESPACE, OBJECT_NAMESPACE, VELERO_NAMESPACE
from yiyun.components.vpc import BFD_ADDRESS
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import Vpc

TENANTS: Peer = {"namespaceSelector": {"matchExpressions": [{"key": names.TENANT, "operator": "Exists"}]}}
"""Pods of all tenants."""
HERE: Peer = {"podSelector": {}}
"""Pods of the same namespace."""


def base_policy(site: Site, name: str) -> dict[str, Any]:
    """What every part of the platform needs, and what its operator needs beyond that."""
    egress: list[Rule] = [{"to": [HERE]}, dns(), api_server(site)]
    if name in (OCEANBASE, CNPG, TIDB):
        egress.append({"to": [TENANTS]})
    if name == CDI:
        egress.append({"to": [TENANTS], "ports": ports("TCP", 443, 8443)})
    if name in (BLOCK_NAMESPACE, OBJECT_NAMESPACE):
        egress.append({"to": [network(site.spec.network.storage)]})
    if name in (BLOCK_NAMESPACE, VELERO_NAMESPACE):
        egress.append(object_gateways())
    nodes = [network(site.spec.network.management), network(NODE_ADDRESSES)]
    return policy(name, "platform", {}, ingress=[{"from": [HERE, *nodes]}], egress=egress)


def object_gateway_policy() -> dict[str, Any]:
    """Who reads and writes buckets."""
    readers = [TENANTS, elsewhere(VELERO_NAMESPACE), elsewhere(BLOCK_NAMESPACE)]
    pods = {"matchLabels": {"app": "rook-ceph-rgw"}}
    return policy(OBJECT_NAMESPACE, "object-gateways", pods, ingress=[{"from": readers, "ports": ports("TCP", 443)}])


def container_port(port: int) -> int:
    """Port on which a proxy listens for a listener's port: Envoy Gateway moves ports below 1024 up by 10,000."""
    return port + 10_000 if port < 1024 else port


def proxy_policy(site: Site) -> dict[str, Any]:
    """Who reaches the ingress gateways' proxies: everybody, on the ports that are published; whom they reach."""
    published = {("TCP", 80), ("TCP", 443)}
    published |= {(stream.protocol.upper(), stream.port) for l7 in site.spec.load_balancers.l7 for stream in l7.streams}
    listening = [port for protocol, number in sorted(published) for port in ports(protocol, container_port(number))]
    return policy(
        ENVOY_GATEWAY,
        "proxies",
        {"matchLabels": PROXY_LABELS},
        ingress=[{"from": [network("0.0.0.0/0")], "ports": listening}],
        egress=[{"to": [TENANTS]}],
    )


def egress_gateway_policy(vpc: Vpc) -> dict[str, Any]:
    """What passes a VPC's egress gateway."""
    peers = [network(vpc.cidr), network(f"{BFD_ADDRESS}/32")]
    pods = {"matchLabels": {"ovn.kubernetes.io/vpc-egress-gateway": f"{vpc.name}-egress"}}
    return policy(VPC_GATEWAYS, f"egress.{vpc.name}", pods, ingress=[{"from": peers}], egress=[{"to": peers}])


def platform_policies(site: Site, name: str) -> list[dict[str, Any]]:
    """All network policies of one of the platform's namespaces."""
    manifests = [default_deny(name), base_policy(site, name)]
    if name == OBJECT_NAMESPACE:
        manifests.append(object_gateway_policy())
    if name == ENVOY_GATEWAY:
        manifests.append(proxy_policy(site))
    if name == VPC_GATEWAYS:
        manifests += [egress_gateway_policy(vpc) for vpc in site.spec.network.vpcs if vpc.egress]
    return manifests


def platform_space_items(site: Site) -> list[Item]:
    """The namespaces with their policies.

    Those of storage hold data: deleting one deletes the cluster inside. Velero's holds the record of all backups, which
    is wanted most after a down.
    """
    items: list[Item] = []
    for each in PLATFORM_NAMESPACES:
        home = namespace(each.name, each.level, each.reason, {names.MLPS_LEVEL: str(site.spec.mlps_level)})
        policies = [Item(manifest) for manifest in platform_policies(site, each.name)]
        items.append(Item(home, holds_data=each.name in (BLOCK_NAMESPACE, OBJECT_NAMESPACE, VELERO_NAMESPACE)))
        items += [replace(item, after=(key(home),)) for item in policies]
    return items


class PlatformNamespaces(Component):
    """The platform's own namespaces."""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("PlatformNamespaces", name, site, platform_space_items(site), opts)
