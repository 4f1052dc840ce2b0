"""VPCs: their subnets, gateways, peerings and the addresses in them."""

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from yiyun.site.checks.addresses import address_range, usable
from yiyun.site.checks.places import Places, Problem

if TYPE_CHECKING:
    from yiyun.site.loader import Site


def subnets_lie_in_their_vpc(site: "Site", at: Places) -> Iterator[Problem]:
    """Subnets lie inside their VPC, do not overlap, and their gateway is one of their addresses."""
    for i, vpc in enumerate(site.spec.network.vpcs):
        for j, subnet in enumerate(vpc.subnets):
            path = ("network", "vpcs", i, "subnets", j)
            if not subnet.cidr.subnet_of(vpc.cidr):
                text = f"subnet {subnet.name}: {subnet.cidr} lies outside of VPC {vpc.name}, which has {vpc.cidr}"
                yield Problem(at.site(*path, "cidr"), text)
            for other in vpc.subnets[:j]:
                if subnet.cidr.overlaps(other.cidr):
                    text = f"subnet {subnet.name}: {subnet.cidr} overlaps subnet {other.name} {other.cidr}"
                    yield Problem(at.site(*path, "cidr"), text)
            if not usable(subnet.gateway, subnet.cidr):
                text = f"subnet {subnet.name}: gateway {subnet.gateway} is no address of {subnet.cidr}"
                yield Problem(at.site(*path, "gateway"), text)


def subnets_have_a_gateway_host(site: "Site", at: Places) -> Iterator[Problem]:
    """A VPC with a way out or in has a gateway host (of its egress' architecture) in every zone of its subnets."""
    for i, vpc in enumerate(site.spec.network.vpcs):
        if vpc.egress is None and not vpc.private_line and not vpc.floating_addresses:
            continue
        zones = {host.zone for host in site.gateway_hosts(vpc)}
        for j, subnet in enumerate(vpc.subnets):
            if subnet.zone not in zones:
                kind = "" if vpc.egress is None or vpc.egress.arch == "any" else f" {vpc.egress.arch}"
                text = f"subnet {subnet.name}: zone {subnet.zone} has no{kind} gateway host for VPC {vpc.name}"
                yield Problem(
                    at.site("network", "vpcs", i, "subnets", j, "zone"),
                    f"{text}; add one to group gateway of hosts.yaml",
                )


def gateways_fit_their_hosts(site: "Site", at: Places) -> Iterator[Problem]:
    """Each replica of an egress gateway has a host of its own."""
    for i, vpc in enumerate(site.spec.network.vpcs):
        if vpc.egress is not None:
            hosts = len(site.gateway_hosts(vpc))
            if vpc.egress.replicas > hosts:
                where = at.site("network", "vpcs", i, "egress", "replicas")
                yield Problem(
                    where, f"VPC {vpc.name}: {vpc.egress.replicas} gateway replicas for {hosts} gateway hosts"
                )


def peerings_are_mutual(site: "Site", at: Places) -> Iterator[Problem]:
    """Both VPCs of a peering name each other."""
    for i, vpc in enumerate(site.spec.network.vpcs):
        for j, name in enumerate(vpc.peers):
            where = at.site("network", "vpcs", i, "peers", j)
            if name == vpc.name:
                yield Problem(where, f"VPC {name} is its own peer; remove it")
            elif vpc.name not in site.vpc(name).peers:
                yield Problem(
                    where, f"VPC {vpc.name} names peer {name}, but not the other way; add it to peers of {name}"
                )
            elif name in vpc.peers[:j]:
                yield Problem(where, f"VPC {vpc.name} names peer {name} twice; keep one")


def floating_addresses_fit(site: "Site", at: Places) -> Iterator[Problem]:
    """Floating addresses are free addresses of the external network and lead to an address of their VPC."""
    external = site.spec.network.external
    first, last = address_range(external.load_balancer_range)
    used: dict[tuple[IPv4Address, str, int], str] = {}
    for i, vpc in enumerate(site.spec.network.vpcs):
        for j, floating in enumerate(vpc.floating_addresses):
            path, what = ("network", "vpcs", i, "floating_addresses", j), f"floating address {floating.name}"
            where = at.site(*path, "address")
            if not usable(floating.address, external.cidr) or floating.address == external.gateway:
                yield Problem(
                    where, f"{what}: {floating.address} is no free address of network.external {external.cidr}"
                )
            if first and last and first <= floating.address <= last:
                yield Problem(where, f"{what}: {floating.address} lies in load_balancer_range; choose one outside")
            if not any(usable(floating.target, subnet.cidr) for subnet in vpc.subnets):
                text = f"{what}: target {floating.target} is in no subnet of VPC {vpc.name}"
                yield Problem(at.site(*path, "target"), text)
            listener = (floating.address, floating.protocol, floating.port)
            if listener in used:
                yield Problem(
                    where, f"{what} and {used[listener]} both listen on {floating.protocol} {floating.port} there"
                )
            used.setdefault(listener, floating.name)


def vpc_addresses_are_free(site: "Site", at: Places) -> Iterator[Problem]:
    """Addresses of VMs and L4 load balancers lie in their subnet and belong to one of them only."""
    owners: dict[tuple[str, IPv4Address], str] = {
        (vpc.name, subnet.gateway): f"the gateway of subnet {subnet.name}"
        for vpc in site.spec.network.vpcs
        for subnet in vpc.subnets
    }
    wanted = [
        (at.site("compute", "vms", i, "address"), f"VM {vm.name}", vm.address, site.vpc_of_subnet(vm.subnet), vm.subnet)
        for i, vm in enumerate(site.spec.compute.vms)
    ]
    wanted += [
        (at.site("load_balancers", "l4", i, "address"), f"load balancer {l4.name}", l4.address, site.vpc(l4.vpc), "")
        for i, l4 in enumerate(site.spec.load_balancers.l4)
    ]
    for where, what, address, vpc, subnet_name in wanted:
        subnets = [subnet for subnet in vpc.subnets if subnet_name in ("", subnet.name)]
        if not any(usable(address, subnet.cidr) for subnet in subnets):
            place = f"subnet {subnet_name} ({subnets[0].cidr})" if subnet_name else f"any subnet of VPC {vpc.name}"
            yield Problem(where, f"{what}: {address} is no address of {place}")
        key = (vpc.name, address)
        if key in owners:
            yield Problem(where, f"{what}: {address} is taken by {owners[key]}; choose another")
        owners.setdefault(key, what)
