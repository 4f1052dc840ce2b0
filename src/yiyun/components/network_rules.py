"""Parts that network policies are made of (NetworkPolicy objects of tenants and of the platform)."""

from collections.abc import Iterable
from ipaddress import IPv4Network
from typing import Any

from yiyun.components.namespace import KUBE_SYSTEM
from yiyun.components.secret_refs import OBJECT_NAMESPACE
from yiyun.site import Site

API_PORT = 6443
NODE_ADDRESSES = IPv4Network("100.64.0.0/16")
"""Kube-OVN's `join` subnet: what comes from a node, or from a pod on a host's network, has an address of it."""

Peer = dict[str, Any]
Rule = dict[str, Any]


def policy(
    namespace: str,
    name: str,
    pods: dict[str, Any],
    ingress: list[Rule] | None = None,
    egress: list[Rule] | None = None,
    labels: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A NetworkPolicy for `pods` (a label selector). A direction without rules (None) is left to other policies."""
    spec: dict[str, Any] = {"podSelector": pods, "policyTypes": []}
    if ingress is not None:
        spec |= {"policyTypes": ["Ingress"], "ingress": ingress}
    if egress is not None:
        spec |= {"policyTypes": [*spec["policyTypes"], "Egress"], "egress": egress}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace, "labels": labels or {}},
        "spec": spec,
    }


def default_deny(namespace: str, labels: dict[str, str] | None = None) -> dict[str, Any]:
    """Denies everything, in both directions, to every pod of a namespace."""
    denied = policy(namespace, "default-deny", {}, labels=labels)
    denied["spec"]["policyTypes"] = ["Ingress", "Egress"]
    return denied


def ports(protocol: str, *numbers: int) -> list[dict[str, Any]]:
    """Ports of a rule."""
    return [{"protocol": protocol, "port": number} for number in numbers]


def one_of(label: str, values: Iterable[str]) -> dict[str, Any]:
    """A label selector: `label` has one of `values`."""
    return {"matchExpressions": [{"key": label, "operator": "In", "values": sorted(values)}]}


def elsewhere(namespace: str, pods: dict[str, str] | None = None) -> Peer:
    """Pods of another namespace; all of them, or those with the labels `pods`."""
    peer: Peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    return peer | {"podSelector": {"matchLabels": pods}} if pods else peer


def network(cidr: object) -> Peer:
    """Addresses of a network."""
    return {"ipBlock": {"cidr": str(cidr)}}


def dns() -> Rule:
    """Egress: the cluster's DNS."""
    resolvers = [elsewhere(KUBE_SYSTEM, {"k8s-app": "kube-dns"})]
    return {"to": resolvers, "ports": ports("UDP", 53) + ports("TCP", 53)}


def api_server(site: Site) -> Rule:
    """Egress: the API server, by its Service address and by the control hosts behind it."""
    service = site.spec.network.services[1]
    hosts = [host.address for host in site.hosts_in(role="control")]
    return {"to": [network(f"{address}/32") for address in (service, *hosts)], "ports": ports("TCP", 443, API_PORT)}


def object_gateways() -> Rule:
    """Egress: the gateways of the object stores."""
    return {"to": [elsewhere(OBJECT_NAMESPACE, {"app": "rook-ceph-rgw"})], "ports": ports("TCP", 443)}
