"""Names: unique within their kind, free in the cluster, and spelled like what they mean."""

import difflib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from yiyun.site.checks.places import Places, Problem
from yiyun.site.model import ROLES

if TYPE_CHECKING:
    from yiyun.site.loader import Site

RESERVED_NAMESPACES = frozenset(
    {
        *("cdi", "cert-manager", "cnpg-system", "default", "envoy-gateway-system", "kubevirt", "metallb-system"),
        *("oceanbase-system", "rook-ceph", "rook-ceph-object", "tidb-admin", "velero", "vpc-gateways"),
    }
)
"""Namespaces of the platform: no tenant may have such a name, nor one that begins with `kube-` or `yiyun-`."""

RESERVED_NETWORKS = frozenset({"ovn-cluster", "ovn-default", "join", "external"})
"""Names of Kube-OVN's own VPC and subnets and of the platform's; names that begin with `idc-` are hand-offs."""


def groups_are_spelled_right(_site: "Site", at: Places) -> Iterator[Problem]:
    """No group has nearly the name of a role that no group has."""
    groups = [group for group in at.listed.groups.values() if group.name not in ROLES]
    for role in (role for role in ROLES if role not in at.listed.groups):
        near = difflib.get_close_matches(role, [group.name for group in groups], n=1, cutoff=0.8)
        for group in (group for group in groups if group.name in near):
            text = f"group {group.name} means nothing to yiyun, and there is no group {role}; write {role}"
            yield Problem(group.where, text)


def names_are_unique(site: "Site", at: Places) -> Iterator[Problem]:
    """Within each kind of thing no two have one name: most become cluster-wide objects."""
    spec = site.spec
    vpcs = list(enumerate(spec.network.vpcs))
    listed: list[tuple[str, Iterable[tuple[tuple[str | int, ...], str]]]] = [
        ("zone", _paths(("zones",), spec.zones)),
        ("tenant", _paths(("tenants",), spec.tenants)),
        ("BGP peer", _paths(("network", "bgp_peers"), spec.network.bgp_peers)),
        ("VPC", _paths(("network", "vpcs"), spec.network.vpcs)),
        ("subnet", (item for i, vpc in vpcs for item in _paths(("network", "vpcs", i, "subnets"), vpc.subnets))),
        (
            "floating address",
            (
                item
                for i, v in vpcs
                for item in _paths(("network", "vpcs", i, "floating_addresses"), v.floating_addresses)
            ),
        ),
        (
            "security group",
            (item for i, v in vpcs for item in _paths(("network", "vpcs", i, "security_groups"), v.security_groups)),
        ),
        ("block pool", _paths(("storage", "block_pools"), spec.storage.block_pools)),
        ("object store", _paths(("storage", "object_stores"), spec.storage.object_stores)),
        ("object user", _paths(("storage", "object_users"), spec.storage.object_users)),
        ("bucket", _paths(("storage", "buckets"), spec.storage.buckets)),
        ("QoS class", _paths(("storage", "qos_classes"), spec.storage.qos_classes)),
        ("image", _paths(("compute", "images"), spec.compute.images)),
        ("shared disk", _paths(("compute", "shared_disks"), spec.compute.shared_disks)),
        ("VM", _paths(("compute", "vms"), spec.compute.vms)),
        *(
            (f"disk of VM {vm.name}", _paths(("compute", "vms", i, "data_disks"), vm.data_disks))
            for i, vm in enumerate(spec.compute.vms)
        ),
        ("application", _paths(("compute", "applications"), spec.compute.applications)),
        ("L4 load balancer", _paths(("load_balancers", "l4"), spec.load_balancers.l4)),
        ("L7 load balancer", _paths(("load_balancers", "l7"), spec.load_balancers.l7)),
        ("database", _paths(("databases",), spec.databases)),
    ]
    for what, items in listed:
        first: dict[str, str] = {}
        for path, name in items:
            where = at.site(*path, "name")
            if name in first:
                yield Problem(where, f"{what} {name} is there twice (first at {first[name]}); name it otherwise")
            first.setdefault(name, where)


def tenants_have_free_namespaces(site: "Site", at: Places) -> Iterator[Problem]:
    """A tenant's namespace is none of the platform's."""
    for i, tenant in enumerate(site.spec.tenants):
        if tenant.name in RESERVED_NAMESPACES or tenant.name.startswith(("kube-", "yiyun-")):
            yield Problem(
                at.site("tenants", i, "name"),
                f"tenant {tenant.name}: the platform uses that namespace; name it otherwise",
            )


def network_names_are_free(site: "Site", at: Places) -> Iterator[Problem]:
    """No subnet has the name of a VPC (Kube-OVN names router ports after both), or one that the platform uses."""
    vpcs = {vpc.name for vpc in site.spec.network.vpcs}
    for i, vpc in enumerate(site.spec.network.vpcs):
        if vpc.name in RESERVED_NETWORKS:
            yield Problem(at.site("network", "vpcs", i, "name"), f"VPC {vpc.name}: the name is taken; choose another")
        for j, subnet in enumerate(vpc.subnets):
            where = at.site("network", "vpcs", i, "subnets", j, "name")
            if subnet.name in vpcs:
                yield Problem(where, f"subnet {subnet.name} has the name of a VPC; name it otherwise")
            if subnet.name in RESERVED_NETWORKS or subnet.name.startswith("idc-"):
                yield Problem(where, f"subnet {subnet.name}: the name is taken; choose another")


def names_of(things: Iterable[object]) -> list[str]:
    """Names of some things of the site, in their order."""
    return [str(getattr(thing, "name")) for thing in things]  # noqa: B009  # every model in question has a name


def _paths(base: tuple[str | int, ...], things: Iterable[object]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for i, name in enumerate(names_of(things)):
        yield (*base, i), name
