"""Virtual private clouds: an isolated router each, with one subnet in every zone (clauses 8.2.2.1-b, 8.1.2.1-c).

VPCs do not reach one another unless they are peered. Inside a VPC every subnet is private: only the VPC's own subnets,
its peers and the IDC are let in, as a second line behind the security groups.

No namespace is bound to a VPC. Kube-OVN would put all pods of a bound namespace into it, out of the reach of ingress
gateways and database operators; machines name their subnet themselves (`vm.py`).

Routing. An egress gateway takes everything whose source is in the VPC (router policy, priority 29100), traffic between
zones, to peers and to the IDC included. Policies of higher priority keep those on their way:

    31000  to the VPC itself and to its peers      allow: the routing table decides
    30500  to the IDC, by source subnet            reroute to the hand-off of the subnet's own zone
    30400  answers to clients of floating addresses  reroute to the NAT gateway they came through
    28000  anything else, where there is no egress   drop

A subnet uses the hand-off of its own zone, so the loss of a zone takes only that zone's machines off the IDC. Kube-OVN
does not watch a hand-off's router: its VRRP address covers the loss of one of two. Policies only see packets that have
a route, so each of these has a static route too.
"""

from typing import Any

import pulumi

from yiyun.components.floating_address import nat_address, replies
from yiyun.components.kubernetes import Component, Item, key
from yiyun.components.peering import links_of, peers_of
from yiyun.components.private_line import handoff_name
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import PrivateLineHandoff, Subnet, Vpc

BFD_ADDRESS = "169.254.255.254"
"""Where a VPC's router answers the health checks (BFD) of its egress gateways. Local to each router."""
EGRESS_GATEWAY_PRIORITY = 29100
"""Priority at which Kube-OVN sends what comes from a VPC to its egress gateway."""
LOCAL_PRIORITY = 31000
IDC_PRIORITY = 30500
REPLY_PRIORITY = 30400
NO_WAY_OUT_PRIORITY = 28000
MTU = 1400
"""1500 less Geneve's overhead."""


def handoff_of(site: Site, subnet: Subnet) -> PrivateLineHandoff:
    """The hand-off that a subnet uses: that of its zone, else the site's first."""
    line = site.spec.network.private_line
    assert line is not None  # noqa: S101 (Site.load refuses a VPC on a private line that the site does not have)
    return next((handoff for handoff in line.handoffs if handoff.zone == subnet.zone), line.handoffs[0])


def _line(site: Site, vpc: Vpc) -> tuple[list[str], tuple[PrivateLineHandoff, ...]]:
    """IDC prefixes and hand-offs that a VPC uses; both empty without a private line."""
    line = site.spec.network.private_line
    if not vpc.private_line or line is None:
        return [], ()
    return [str(cidr) for cidr in line.idc_cidrs], line.handoffs


def static_routes(site: Site, vpc: Vpc) -> list[dict[str, Any]]:
    """Routes to peers, to the IDC over every hand-off, and for answers to the NAT gateway."""
    prefixes, handoffs = _line(site, vpc)
    hops = [(str(site.vpc(link.remote).cidr), str(link.remote_address.ip)) for link in links_of(site, vpc)]
    hops += [(prefix, str(handoff.gateway)) for prefix in prefixes for handoff in handoffs]
    if vpc.floating_addresses:
        hops.append(("0.0.0.0/0", str(nat_address(site, vpc))))
    return [{"cidr": cidr, "nextHopIP": hop, "policy": "policyDst"} for cidr, hop in hops]


def policy_routes(site: Site, vpc: Vpc) -> list[dict[str, Any]]:
    """Router policies that come before the egress gateway's; see the top of this file."""
    prefixes, _ = _line(site, vpc)
    local = [vpc.cidr, *(site.vpc(peer).cidr for peer in peers_of(site, vpc))]
    routes: list[dict[str, Any]] = [
        {"priority": LOCAL_PRIORITY, "match": f"ip4.dst == {cidr}", "action": "allow"} for cidr in local
    ]
    for subnet in vpc.subnets:
        routes += [
            {
                "priority": IDC_PRIORITY,
                "match": f"ip4.src == {subnet.cidr} && ip4.dst == {prefix}",
                "action": "reroute",
                "nextHopIP": str(handoff_of(site, subnet).gateway),
            }
            for prefix in prefixes
        ]
    for address, protocol, port in replies(site, vpc):
        routes.append(
            {
                "priority": REPLY_PRIORITY,
                "match": f"ip4.src == {address} && {protocol}.src == {port}",
                "action": "reroute",
                "nextHopIP": str(nat_address(site, vpc)),
            }
        )
    if not vpc.egress:
        routes.append({"priority": NO_WAY_OUT_PRIORITY, "match": f"ip4.src == {vpc.cidr}", "action": "drop"})
    return routes


def vpc_manifest(site: Site, vpc: Vpc) -> dict[str, Any]:
    """The Vpc object."""
    _, handoffs = _line(site, vpc)
    spec: dict[str, Any] = {
        "defaultSubnet": vpc.subnets[0].name,
        "policyRoutes": policy_routes(site, vpc),
        "staticRoutes": static_routes(site, vpc),
        "vpcPeerings": [
            {"remoteVpc": link.remote, "localConnectIP": str(link.local_address)} for link in links_of(site, vpc)
        ],
    }
    if handoffs:
        spec["enableExternal"] = True
        spec["extraExternalSubnets"] = [handoff_name(handoff.zone) for handoff in handoffs]
    if vpc.egress:
        spec["bfdPort"] = {
            "enabled": True,
            "ip": BFD_ADDRESS,
            "nodeSelector": {"matchLabels": {names.role_label("gateway"): "true"}},
        }
    return {
        "apiVersion": "kubeovn.io/v1",
        "kind": "Vpc",
        "metadata": {"name": vpc.name, "labels": {names.TENANT: vpc.tenant}},
        "spec": {field: value for field, value in spec.items() if value != []},
    }


def allowed(site: Site, vpc: Vpc, subnet: Subnet) -> list[str]:
    """Who may reach a private subnet from outside of it."""
    prefixes, _ = _line(site, vpc)
    siblings = [str(each.cidr) for each in vpc.subnets if each.name != subnet.name]
    return [*siblings, *(str(site.vpc(peer).cidr) for peer in peers_of(site, vpc)), *prefixes]


def reserved(site: Site, vpc: Vpc, subnet: Subnet) -> list[str]:
    """Addresses that Kube-OVN does not hand out by itself: those that site.yaml or a gateway claims."""
    taken = {vm.address for vm in site.spec.compute.vms if vm.subnet == subnet.name}
    taken |= {l4.address for l4 in site.spec.load_balancers.l4 if l4.vpc == vpc.name}
    if vpc.floating_addresses:
        taken.add(nat_address(site, vpc))
    return [str(subnet.gateway), *(str(address) for address in sorted(taken) if address in subnet.cidr)]


def subnet_manifest(site: Site, vpc: Vpc, subnet: Subnet) -> dict[str, Any]:
    """One Subnet object of a VPC. Its zone is a label; machines are held there by node affinity."""
    return {
        "apiVersion": "kubeovn.io/v1",
        "kind": "Subnet",
        "metadata": {"name": subnet.name, "labels": {names.TENANT: vpc.tenant, names.ZONE: subnet.zone}},
        "spec": {
            "vpc": vpc.name,
            "protocol": "IPv4",
            "cidrBlock": str(subnet.cidr),
            "gateway": str(subnet.gateway),
            "excludeIps": reserved(site, vpc, subnet),
            "enableDHCP": True,
            "private": True,
            "allowSubnets": allowed(site, vpc, subnet),
            "enableLb": True,
            "natOutgoing": False,
            "mtu": MTU,
        },
    }


def vpc_items(site: Site, spec: Vpc) -> list[Item]:
    """A VPC and its subnets."""
    router = vpc_manifest(site, spec)
    return [
        Item(router),
        *(Item(subnet_manifest(site, spec, subnet), after=(key(router),)) for subnet in spec.subnets),
    ]


class VirtualPrivateCloud(Component):
    """One VPC with its subnets."""

    def __init__(
        self,
        name: str,
        site: Site,
        spec: Vpc,
        opts: pulumi.ResourceOptions | None = None,
        after: tuple[pulumi.Resource, ...] = (),
    ) -> None:
        super().__init__("VirtualPrivateCloud", name, site, vpc_items(site, spec), opts, after)
