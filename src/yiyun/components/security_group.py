"""Security groups: what may reach a machine's port, and what it may reach (clauses 8.1.3.2-a, 8.2.3.1-a).

A port with a group drops what no rule of its groups allows, in both directions; answers to allowed traffic pass.
Kube-OVN skips a group that does not exist, and the port stays open: so groups are made in the network stack, before any
machine. Group names are unique in a site, because SecurityGroup objects have no namespace.

Rules only allow, so their order does not matter; each direction numbers its rules from 1 (Kube-OVN takes 1-16384).
"""

from typing import Any

import pulumi

from yiyun.components.kubernetes import Component, Item
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import SecurityGroup, SecurityGroupRule, Vpc

MAX_PRIORITY = 16384


def port_range(ports: str) -> tuple[int, int]:
    """First and last port of `443` or `8000-8010`."""
    first, _, last = ports.partition("-")
    return int(first), int(last or first)


def rule_manifest(rule: SecurityGroupRule, priority: int) -> dict[str, Any]:
    """One rule as Kube-OVN writes it. `priority` is 1-16384, the lowest number wins."""
    fields: dict[str, Any] = {"ipVersion": "ipv4", "protocol": rule.protocol, "priority": priority, "policy": "allow"}
    if rule.group:
        fields |= {"remoteType": "securityGroup", "remoteSecurityGroup": rule.group}
    else:
        fields |= {"remoteType": "address", "remoteAddress": str(rule.cidr)}
    if rule.ports:
        fields["portRangeMin"], fields["portRangeMax"] = port_range(rule.ports)
    elif rule.protocol in ("tcp", "udp"):
        fields["portRangeMin"], fields["portRangeMax"] = 1, 65535
    return fields


def security_group(vpc: Vpc, group: SecurityGroup) -> dict[str, Any]:
    """The SecurityGroup object. Members of a group get no way to one another unless a rule names the group itself."""
    return {
        "apiVersion": "kubeovn.io/v1",
        "kind": "SecurityGroup",
        "metadata": {"name": group.name, "labels": {names.TENANT: vpc.tenant}},
        "spec": {
            "allowSameGroupTraffic": False,
            "ingressRules": [rule_manifest(rule, number) for number, rule in enumerate(group.ingress, 1)],
            "egressRules": [rule_manifest(rule, number) for number, rule in enumerate(group.egress, 1)],
        },
    }


def security_group_items(_site: Site, spec: Vpc) -> list[Item]:
    """The security groups of one VPC."""
    return [Item(security_group(spec, group)) for group in spec.security_groups]


class SecurityGroups(Component):
    """The security groups of one VPC."""

    def __init__(self, name: str, site: Site, spec: Vpc, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("SecurityGroups", name, site, security_group_items(site, spec), opts)
