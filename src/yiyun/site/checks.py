"""Contradictions inside a site. One function per rule; each yields a problem for every place that breaks it.

What is legal but unwise (two copies, a database in one zone, a VM without a security group) is not refused here:
the policy gate says so, with the clause.
"""

import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from yiyun.errors import SiteError
from yiyun.site import document, placement
from yiyun.site.document import Entry, Node
from yiyun.site.inventory import Inventory
from yiyun.site.model import ROLES, CpuFamily, FailureDomain, Host, Pool, Route, SecurityGroupRule, StreamPort
from yiyun.site.placement import Cluster
from yiyun.site.spelling import meant
from yiyun.site.validation import ARCH_OF_FAMILY, limited

if TYPE_CHECKING:
    from yiyun.site.loader import Site

LAB_RANGE = IPv4Network("198.18.0.0/15")
"""Benchmarking range (RFC 2544): labs live in it, so that no route to a real network can be shadowed."""

RESERVED_NAMESPACES = frozenset(
    {
        *("cdi", "cert-manager", "cnpg-system", "default", "envoy-gateway-system", "kubevirt", "metallb-system"),
        *("oceanbase-system", "rook-ceph", "rook-ceph-object", "tidb-admin", "velero", "vpc-gateways"),
    }
)
"""Namespaces of the platform: no tenant may have such a name, nor one that begins with `kube-` or `yiyun-`."""

RESERVED_RANGES = {
    IPv4Network("0.0.0.0/8"): "this network (RFC 1122)",
    IPv4Network("100.64.0.0/16"): "Kube-OVN's join network",
    IPv4Network("127.0.0.0/8"): "loopback",
    IPv4Network("169.254.0.0/16"): "link-local; peerings live in it",
    IPv4Network("224.0.0.0/3"): "multicast and reserved",
}

RESERVED_NETWORKS = frozenset({"ovn-cluster", "ovn-default", "join", "external"})
"""Names of Kube-OVN's own VPC and subnets and of the platform's; names that begin with `idc-` are hand-offs."""

LAYOUT_RULE = "ceph_pool_layout"
FAILURE_DOMAIN_RULE = "ceph_pool_failure_domain"


class Problem(NamedTuple):
    """One broken rule at one place."""

    where: str
    """Place in the form `file:line`."""
    text: str
    rule: str | None = None
    """Compliance rule that the refusal stands for."""


class Places:
    """Finds the line of every key of hosts.yaml and site.yaml."""

    def __init__(self, root: Node, listed: Inventory) -> None:
        self.root = root
        self.listed = listed

    def site(self, *path: str | int) -> str:
        """Place of a key of site.yaml; of its nearest parent where it is not written."""
        line, _, _ = document.nearest(self.root, path)
        return f"{self.root.file}:{line}"

    def host(self, name: str, variable: str | None = None, *path: str | int) -> str:
        """Place of a host, or of one of its variables (or an item inside it), which may lie in another file."""
        host = self.listed.hosts[name]
        if variable is None or variable not in host.variables:
            return host.where
        entry = host.variables[variable]
        line, _, found = document.nearest(entry.node, path)
        return f"{entry.node.file}:{line}" if found else entry.where


Check = Callable[["Site", Places], Iterator[Problem]]


def check(site: "Site", at: Places) -> None:
    """Run all checks. Raises SiteError with every problem of the first stage that finds one.

    Later stages rely on what earlier ones assure, for example that every name that is referred to exists.
    """
    for stage in STAGES:
        problems = [problem for function in stage for problem in function(site, at)]
        if problems:
            problems.sort(key=lambda problem: problem.rule is None)
            text = limited(dict.fromkeys(f"{problem.where}: {problem.text}" for problem in problems))
            raise SiteError(text, problems[0].rule)


# --- names and references --------------------------------------------------------------------------------


def zones_of_hosts_exist(site: "Site", at: Places) -> Iterator[Problem]:
    """Every host lies in a zone of site.yaml."""
    for host in site.hosts:
        yield from _known(at.host(host.name, "yiyun_zone"), f"host {host.name}: zone", host.zone, site.zones)


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


def network_references_exist(site: "Site", at: Places) -> Iterator[Problem]:
    """Tenants, zones, peers and groups that the network names are there."""
    network = site.spec.network
    tenants, vpcs = _names(site.spec.tenants), _names(network.vpcs)
    for i, peer in enumerate(network.bgp_peers):
        yield from _known(at.site("network", "bgp_peers", i, "zone"), "zone", peer.zone, site.zones)
    for i, handoff in enumerate(network.private_line.handoffs if network.private_line else ()):
        yield from _known(at.site("network", "private_line", "handoffs", i, "zone"), "zone", handoff.zone, site.zones)
    for i, vpc in enumerate(network.vpcs):
        path = ("network", "vpcs", i)
        yield from _known(at.site(*path, "tenant"), f"VPC {vpc.name}: tenant", vpc.tenant, tenants)
        for j, peer_name in enumerate(vpc.peers):
            yield from _known(at.site(*path, "peers", j), f"VPC {vpc.name}: peer", peer_name, vpcs)
        for j, subnet in enumerate(vpc.subnets):
            where = at.site(*path, "subnets", j, "zone")
            yield from _known(where, f"subnet {subnet.name}: zone", subnet.zone, site.zones)
        groups = _names(vpc.security_groups)
        for j, group in enumerate(vpc.security_groups):
            for side, rules in (("ingress", group.ingress), ("egress", group.egress)):
                for k, rule in enumerate(rules):
                    if rule.group is not None:
                        where = at.site(*path, "security_groups", j, side, k, "group")
                        what = f"security group {group.name}: group of VPC {vpc.name}"
                        yield from _known(where, what, rule.group, groups)


def private_lines_exist(site: "Site", at: Places) -> Iterator[Problem]:
    """A VPC on the private line needs one in network.private_line."""
    for i, vpc in enumerate(site.spec.network.vpcs):
        if vpc.private_line and site.spec.network.private_line is None:
            where = at.site("network", "vpcs", i, "private_line")
            yield Problem(
                where, f"VPC {vpc.name} is on the private line, but there is none; write network.private_line"
            )


def storage_references_exist(site: "Site", at: Places) -> Iterator[Problem]:
    """Zones, tenants, stores, users and buckets that the storage names are there."""
    storage = site.spec.storage
    tenants, stores, users = _names(site.spec.tenants), _names(storage.object_stores), _names(storage.object_users)
    for path, pool in _pools(site):
        for j, zone in enumerate(pool.zones):
            yield from _known(at.site(*path, "zones", j), f"pool {pool.name}: zone", zone, site.zones)
    for i, user in enumerate(storage.object_users):
        path = ("storage", "object_users", i)
        yield from _known(at.site(*path, "tenant"), f"object user {user.name}: tenant", user.tenant, tenants)
        yield from _known(at.site(*path, "store"), f"object user {user.name}: store", user.store, stores)
    for i, bucket in enumerate(storage.buckets):
        where = at.site("storage", "buckets", i, "user")
        yield from _known(where, f"bucket {bucket.name}: object user", bucket.user, users)
    buckets = _names(storage.buckets)
    yield from _known(at.site("logs", "bucket"), "logs: bucket", site.spec.logs.bucket, buckets)
    yield from _known(at.site("backup", "bucket"), "backup: bucket", site.spec.backup.bucket, buckets)


def compute_references_exist(site: "Site", at: Places) -> Iterator[Problem]:
    """Subnets, images, disks, pools, QoS classes, groups, tenants and zones that compute names are there."""
    compute, storage = site.spec.compute, site.spec.storage
    subnets = [subnet.name for vpc in site.spec.network.vpcs for subnet in vpc.subnets]
    images, shared = _names(compute.images), _names(compute.shared_disks)
    pools, qos, tenants = _names(storage.block_pools), _names(storage.qos_classes), _names(site.spec.tenants)
    for i, disk in enumerate(compute.shared_disks):
        path: tuple[str | int, ...] = ("compute", "shared_disks", i)
        yield from _known(at.site(*path, "tenant"), f"shared disk {disk.name}: tenant", disk.tenant, tenants)
        yield from _known(at.site(*path, "pool"), f"shared disk {disk.name}: block pool", disk.pool, pools)
    for i, vm in enumerate(compute.vms):
        path = ("compute", "vms", i)
        yield from _known(at.site(*path, "subnet"), f"VM {vm.name}: subnet", vm.subnet, subnets)
        yield from _known(at.site(*path, "image"), f"VM {vm.name}: image", vm.image, images)
        where = at.site(*path, "system_disk_qos")
        yield from _known(where, f"VM {vm.name}: QoS class", vm.system_disk_qos, qos)
        for j, data_disk in enumerate(vm.data_disks):
            where = at.site(*path, "data_disks", j, "pool")
            yield from _known(where, f"VM {vm.name}: block pool", data_disk.pool, pools)
            where = at.site(*path, "data_disks", j, "qos")
            yield from _known(where, f"VM {vm.name}: QoS class", data_disk.qos, qos)
        for j, name in enumerate(vm.shared_disks):
            yield from _known(at.site(*path, "shared_disks", j), f"VM {vm.name}: shared disk", name, shared)
        if vm.subnet in subnets:
            vpc = site.vpc_of_subnet(vm.subnet)
            for j, name in enumerate(vm.security_groups):
                where, what = at.site(*path, "security_groups", j), f"VM {vm.name}: security group of VPC {vpc.name}"
                yield from _known(where, what, name, _names(vpc.security_groups))
    for i, application in enumerate(compute.applications):
        path = ("compute", "applications", i)
        what = f"application {application.name}"
        yield from _known(at.site(*path, "tenant"), f"{what}: tenant", application.tenant, tenants)
        for j, zone in enumerate(application.zones):
            yield from _known(at.site(*path, "zones", j), f"{what}: zone", zone, site.zones)


def load_balancer_references_exist(site: "Site", at: Places) -> Iterator[Problem]:
    """VPCs, VMs, tenants and applications that load balancers name are there."""
    vpcs, tenants = _names(site.spec.network.vpcs), _names(site.spec.tenants)
    vms, applications = _names(site.spec.compute.vms), _names(site.spec.compute.applications)
    for i, l4 in enumerate(site.spec.load_balancers.l4):
        path = ("load_balancers", "l4", i)
        yield from _known(at.site(*path, "vpc"), f"load balancer {l4.name}: VPC", l4.vpc, vpcs)
        for j, name in enumerate(l4.vms):
            yield from _known(at.site(*path, "vms", j), f"load balancer {l4.name}: VM", name, vms)
    for i, l7 in enumerate(site.spec.load_balancers.l7):
        path = ("load_balancers", "l7", i)
        what = f"load balancer {l7.name}"
        yield from _known(at.site(*path, "tenant"), f"{what}: tenant", l7.tenant, tenants)
        parts: tuple[tuple[str, Sequence[Route | StreamPort]], ...] = (("routes", l7.routes), ("streams", l7.streams))
        for part, items in parts:
            for j, item in enumerate(items):
                where = at.site(*path, part, j, "application")
                yield from _known(where, f"{what}: application", item.application, applications)


def database_references_exist(site: "Site", at: Places) -> Iterator[Problem]:
    """Tenants, zones, buckets and pools that databases name are there."""
    tenants, buckets = _names(site.spec.tenants), _names(site.spec.storage.buckets)
    pools = _names(site.spec.storage.block_pools)
    for i, database in enumerate(site.spec.databases):
        path, what = ("databases", i), f"database {database.name}"
        yield from _known(at.site(*path, "tenant"), f"{what}: tenant", database.tenant, tenants)
        yield from _known(at.site(*path, "backup_bucket"), f"{what}: bucket", database.backup_bucket, buckets)
        yield from _known(at.site(*path, "pool"), f"{what}: block pool", database.pool, pools)
        for j, replica in enumerate(database.replicas):
            yield from _known(at.site(*path, "replicas", j, "zone"), f"{what}: zone", replica.zone, site.zones)


def pools_say_one_layout(site: "Site", at: Places) -> Iterator[Problem]:
    """A pool has either `replicas`, or `data` and `coding`."""
    for path, pool in _pools(site):
        replicated = pool.replicas is not None
        coded = pool.data is not None and pool.coding is not None
        half_coded = (pool.data is None) != (pool.coding is None)
        if replicated == coded or half_coded or (replicated and pool.data is not None):
            where = at.site(*path, "replicas" if replicated else "data")
            yield Problem(where, f"pool {pool.name}: write either replicas, or both data and coding", LAYOUT_RULE)


def no_secrets_are_written(_site: "Site", at: Places) -> Iterator[Problem]:
    """No value looks like a password or a key: secrets are made by `./yiyun secrets init`."""
    sources = {id(host.own): host.own for host in at.listed.hosts.values()}
    sources |= {id(group.variables): group.variables for group in at.listed.groups.values()}
    sources |= {id(host.variables): host.variables for host in at.listed.hosts.values()}
    for where, name, node in [*_leaves(sources.values()), *_leaves([at.root.value])]:
        value = node.value
        if not isinstance(value, str) or not value or node.tag is not None or "{{" in value:
            continue
        if _SECRET_NAME.search(name) or _SECRET_VALUE.search(value):
            yield Problem(where, f"{name} looks like a secret in plain text; remove it and run ./yiyun secrets init")


# --- hosts ----------------------------------------------------------------------------------------------


def addresses_are_unique(site: "Site", at: Places) -> Iterator[Problem]:
    """No two hosts have one address."""
    hosts = sorted(site.hosts, key=lambda host: host.address)
    for first, second in pairwise(hosts):
        if first.address == second.address:
            where = at.host(second.name, "ansible_host")
            yield Problem(where, f"hosts {first.name} and {second.name} both have address {second.address}")


def every_zone_has_a_control_host(site: "Site", at: Places) -> Iterator[Problem]:
    """Each availability zone has a control host, so that no zone's loss takes the control plane."""
    for i, zone in enumerate(site.zones):
        if not site.hosts_in(zone=zone, role="control"):
            yield Problem(
                at.site("zones", i), f"zone {zone} has no control host; add one to group control of hosts.yaml"
            )


def etcd_members_are_odd(site: "Site", at: Places) -> Iterator[Problem]:
    """Etcd has an odd number of members: an even one survives no more and may split."""
    members = site.hosts_in(role="etcd")
    if members and len(members) % 2 == 0:
        own = any("etcd" in host.groups for host in at.listed.hosts.values())
        group = at.listed.groups["etcd" if own else "control"]
        names = ", ".join(host.name for host in members)
        yield Problem(
            group.where, f"etcd has {len(members)} members ({names}); an odd number is needed, add or remove one"
        )


def racks_lie_in_one_zone(site: "Site", at: Places) -> Iterator[Problem]:
    """A rack name means one rack: its hosts are in one zone and on one switch pair."""
    yield from _same(site, at, "rack", "zone")
    yield from _same(site, at, "rack", "switch_pair")


def switch_pairs_lie_in_one_zone(site: "Site", at: Places) -> Iterator[Problem]:
    """A switch pair serves one zone."""
    yield from _same(site, at, "switch_pair", "zone")


def rooms_lie_in_one_zone(site: "Site", at: Places) -> Iterator[Problem]:
    """A machine room belongs to one zone, a rack stands in one room."""
    yield from _same(site, at, "room", "zone")
    yield from _same(site, at, "rack", "room")


def disks_are_listed_once(site: "Site", at: Places) -> Iterator[Problem]:
    """A disk is in one pool: no host lists it twice, and no two hosts list one serial number."""
    serials: dict[str, str] = {}
    for host in site.hosts:
        seen: dict[str, str] = {}
        for i, disk in enumerate(host.disks):
            where = at.host(host.name, "yiyun_disks", i)
            if disk.id in seen:
                text = f"host {host.name}: disk {disk.id} is listed for {seen[disk.id]} and for {disk.use}; keep one"
                yield Problem(where, text)
            elif disk.id in serials:
                yield Problem(
                    where, f"hosts {serials[disk.id]} and {host.name} both list disk {disk.id}; a serial is unique"
                )
            seen.setdefault(disk.id, disk.use)
            if disk.id.startswith("/dev/disk/by-id/"):
                serials.setdefault(disk.id, host.name)


def ceph_disks_have_a_device_class(site: "Site", at: Places) -> Iterator[Problem]:
    """Disks of the two Ceph clusters have a device class, others none."""
    for host in site.hosts:
        for i, disk in enumerate(host.disks):
            for_ceph = disk.use in ("block", "object")
            if for_ceph != (disk.device_class is not None):
                remedy = f"write device_class, for example {disk.kind}" if for_ceph else "remove device_class"
                where = at.host(host.name, "yiyun_disks", i)
                yield Problem(where, f"host {host.name}: disk {disk.id} is for {disk.use}; {remedy}")


def ceph_disks_lie_on_storage_hosts(site: "Site", at: Places) -> Iterator[Problem]:
    """Disks for a Ceph cluster lie on hosts of its group."""
    for host in site.hosts:
        for i, disk in enumerate(host.disks):
            group = f"storage_{disk.use}"
            if disk.use in ("block", "object") and group not in host.roles:
                where = at.host(host.name, "yiyun_disks", i)
                yield Problem(
                    where, f"host {host.name}: disk {disk.id} is for {disk.use}; add the host to group {group}"
                )


def page_sizes_fit_the_architecture(site: "Site", at: Places) -> Iterator[Problem]:
    """Pages other than 4 KiB exist on arm64 only."""
    for host in site.hosts:
        if host.arch == "amd64" and host.page_size_kib != 4:
            where = at.host(host.name, "yiyun_page_size_kib")
            yield Problem(where, f"host {host.name}: {host.page_size_kib} KiB pages on amd64; write 4")


def families_have_one_architecture(site: "Site", at: Places) -> Iterator[Problem]:
    """All hosts of family `other` have one architecture: VMs name the family only."""
    first = next((host for host in site.hosts if host.cpu_family is CpuFamily.OTHER), None)
    for host in site.hosts:
        if first and host.cpu_family is CpuFamily.OTHER and host.arch != first.arch:
            where = at.host(host.name, "yiyun_arch")
            yield Problem(where, f"host {host.name}: family other is {first.arch} on {first.name} and {host.arch} here")


# --- network --------------------------------------------------------------------------------------------


def hosts_lie_in_the_management_network(site: "Site", at: Places) -> Iterator[Problem]:
    """Host addresses are usable addresses of network.management."""
    network = site.spec.network.management
    for host in site.hosts:
        if not _usable(host.address, network):
            where = at.host(host.name, "ansible_host")
            yield Problem(where, f"host {host.name}: {host.address} is no host address of network.management {network}")


def labs_use_the_benchmarking_range(site: "Site", at: Places) -> Iterator[Problem]:
    """Networks that hosts of a lab really have lie in 198.18.0.0/15."""
    network = site.spec.network
    named = [("management", network.management), ("storage", network.storage), ("external", network.external.cidr)]
    for name, cidr in named if site.spec.lab else ():
        if not cidr.subnet_of(LAB_RANGE):
            yield Problem(at.site("network", name), f"network.{name} {cidr} of a lab lies outside of {LAB_RANGE}")


def networks_do_not_overlap(site: "Site", at: Places) -> Iterator[Problem]:
    """All address plans of the site are disjoint."""
    named = sorted(_networks(site, at), key=lambda item: (item[0], item[0].prefixlen))
    widest: tuple[IPv4Network, str, str] | None = None
    for cidr, name, where in named:
        if widest and cidr.overlaps(widest[0]):
            yield Problem(where, f"{name} {cidr} overlaps {widest[1]} {widest[0]} ({widest[2]}); choose another range")
        if widest is None or cidr.broadcast_address > widest[0].broadcast_address:
            widest = (cidr, name, where)


def networks_avoid_reserved_ranges(site: "Site", at: Places) -> Iterator[Problem]:
    """No network lies in a range that means something else everywhere, or to Kube-OVN."""
    for cidr, name, where in _networks(site, at):
        for reserved, owner in RESERVED_RANGES.items():
            if cidr.overlaps(reserved):
                yield Problem(where, f"{name} {cidr} overlaps {reserved}, {owner}; choose another range")


def service_network_has_a_size_for_kubernetes(site: "Site", at: Places) -> Iterator[Problem]:
    """Kubernetes takes service networks of at most 2^20 addresses; below 2^8 there are too few."""
    services = site.spec.network.services
    if not 12 <= services.prefixlen <= 24:
        yield Problem(at.site("network", "services"), f"network.services {services}: write a range from /12 to /24")


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
            if not _usable(subnet.gateway, subnet.cidr):
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


def private_line_addresses_fit(site: "Site", at: Places) -> Iterator[Problem]:
    """Each zone has at most one hand-off of the private line, with its gateway inside."""
    line = site.spec.network.private_line
    zones: set[str] = set()
    for i, handoff in enumerate(line.handoffs if line else ()):
        path = ("network", "private_line", "handoffs", i)
        if not _usable(handoff.gateway, handoff.cidr):
            yield Problem(
                at.site(*path, "gateway"), f"hand-off gateway {handoff.gateway} is no address of {handoff.cidr}"
            )
        if handoff.zone in zones:
            yield Problem(at.site(*path, "zone"), f"zone {handoff.zone} has a second hand-off; keep one")
        zones.add(handoff.zone)


def external_addresses_fit(site: "Site", at: Places) -> Iterator[Problem]:
    """The external gateway and the load balancers' range lie in the external network, apart from each other."""
    external = site.spec.network.external
    path = ("network", "external")
    if not _usable(external.gateway, external.cidr):
        text = f"external gateway {external.gateway} is no address of {external.cidr}"
        yield Problem(at.site(*path, "gateway"), text)
    first, last = _range(external.load_balancer_range)
    if first is None or last is None or first > last:
        text = f"{external.load_balancer_range} is not a range; write first-last, such as 198.18.2.64-198.18.2.127"
        yield Problem(at.site(*path, "load_balancer_range"), text)
    elif not (_usable(first, external.cidr) and _usable(last, external.cidr)) or first <= external.gateway <= last:
        text = f"load_balancer_range {first}-{last} must lie in {external.cidr}, without its gateway"
        yield Problem(at.site(*path, "load_balancer_range"), text)


def floating_addresses_fit(site: "Site", at: Places) -> Iterator[Problem]:
    """Floating addresses are free addresses of the external network and lead to an address of their VPC."""
    external = site.spec.network.external
    first, last = _range(external.load_balancer_range)
    used: dict[tuple[IPv4Address, str, int], str] = {}
    for i, vpc in enumerate(site.spec.network.vpcs):
        for j, floating in enumerate(vpc.floating_addresses):
            path, what = ("network", "vpcs", i, "floating_addresses", j), f"floating address {floating.name}"
            where = at.site(*path, "address")
            if not _usable(floating.address, external.cidr) or floating.address == external.gateway:
                yield Problem(
                    where, f"{what}: {floating.address} is no free address of network.external {external.cidr}"
                )
            if first and last and first <= floating.address <= last:
                yield Problem(where, f"{what}: {floating.address} lies in load_balancer_range; choose one outside")
            if not any(_usable(floating.target, subnet.cidr) for subnet in vpc.subnets):
                text = f"{what}: target {floating.target} is in no subnet of VPC {vpc.name}"
                yield Problem(at.site(*path, "target"), text)
            listener = (floating.address, floating.protocol, floating.port)
            if listener in used:
                yield Problem(
                    where, f"{what} and {used[listener]} both listen on {floating.protocol} {floating.port} there"
                )
            used.setdefault(listener, floating.name)


def security_group_rules_are_whole(site: "Site", at: Places) -> Iterator[Problem]:
    """A rule names one other side, and ports only where the protocol has them."""
    for i, vpc in enumerate(site.spec.network.vpcs):
        for j, group in enumerate(vpc.security_groups):
            for side, rules in (("ingress", group.ingress), ("egress", group.egress)):
                for k, rule in enumerate(rules):
                    for text in _rule_faults(rule):
                        where = at.site("network", "vpcs", i, "security_groups", j, side, k)
                        yield Problem(where, f"security group {group.name}: {text}")


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
        if not any(_usable(address, subnet.cidr) for subnet in subnets):
            place = f"subnet {subnet_name} ({subnets[0].cidr})" if subnet_name else f"any subnet of VPC {vpc.name}"
            yield Problem(where, f"{what}: {address} is no address of {place}")
        key = (vpc.name, address)
        if key in owners:
            yield Problem(where, f"{what}: {address} is taken by {owners[key]}; choose another")
        owners.setdefault(key, what)


# --- storage --------------------------------------------------------------------------------------------


def one_pool_is_the_default(site: "Site", at: Places) -> Iterator[Problem]:
    """Exactly one block pool serves disks that name none; at most one object store is marked."""
    storage = site.spec.storage
    marked = [i for i, pool in enumerate(storage.block_pools) if pool.default]
    if not marked:
        yield Problem(at.site("storage", "block_pools"), "no block pool is the default; write default: true at one")
    for i in marked[1:]:
        where = at.site("storage", "block_pools", i, "default")
        yield Problem(where, f"pool {storage.block_pools[i].name} is a second default; keep one")
    for i in [i for i, store in enumerate(storage.object_stores) if store.default][1:]:
        where = at.site("storage", "object_stores", i, "default")
        yield Problem(where, f"object store {storage.object_stores[i].name} is a second default; keep one")


def pools_have_the_right_failure_domain(site: "Site", at: Places) -> Iterator[Problem]:
    """A pool over several zones has failure domain zone; one of a single zone has rack or switch pair."""
    for path, pool in _pools(site):
        where = at.site(*path, "failure_domain")
        zones = ", ".join(pool.zones)
        if len(pool.zones) > 1 and pool.failure_domain is not FailureDomain.ZONE:
            text = f"pool {pool.name}: failure domain {pool.failure_domain} over zones {zones} may put several copies "
            yield Problem(where, f"{text}into one zone; write failure_domain: zone", FAILURE_DOMAIN_RULE)
        if len(pool.zones) == 1 and pool.failure_domain in (FailureDomain.ZONE, FailureDomain.HOST):
            text = f"pool {pool.name}: failure domain {pool.failure_domain} inside zone {zones} may put all copies "
            yield Problem(where, f"{text}into one rack; write failure_domain: rack", FAILURE_DOMAIN_RULE)


def pools_have_a_sane_min_size(site: "Site", at: Places) -> Iterator[Problem]:
    """min_size lies between the shards that hold the data and all of them."""
    for path, pool in _pools(site):
        k, m, min_size = placement.layout(pool)
        if not k <= min_size <= k + m:
            text = f"pool {pool.name}: min_size {min_size} must lie between {k} and {k + m}"
            yield Problem(at.site(*path, "min_size"), text, LAYOUT_RULE)


def pools_find_their_disks(site: "Site", at: Places) -> Iterator[Problem]:
    """Every zone of a pool has disks of its device class."""
    for path, pool in _pools(site):
        cluster = _cluster(path)
        for j, zone in enumerate(pool.zones):
            if zone in pool.zones[:j]:
                yield Problem(at.site(*path, "zones", j), f"pool {pool.name}: zone {zone} is named twice; keep one")
        found = {host.zone for hosts in site.domains(pool, cluster).values() for host in hosts}
        classes = {disk.device_class or "" for host in site.hosts for disk in host.disks if disk.use == cluster}
        missing = [zone for zone in pool.zones if zone not in found]
        if missing:
            text = f"pool {pool.name}: no {cluster} disk of class {pool.device_class} in zone {', '.join(missing)}"
            hint = meant(pool.device_class, classes - {pool.device_class})
            yield Problem(at.site(*path, "device_class"), f"{text}{hint}; add disks to hosts.yaml", LAYOUT_RULE)


def pools_survive_a_failure_domain(site: "Site", at: Places) -> Iterator[Problem]:
    """Losing one failure domain loses no data, and stops no I/O unless that was accepted in writing."""
    for path, pool in _pools(site):
        cluster = _cluster(path)
        for candidate in placement.with_index(site, pool, cluster):
            hosts = site.domains(candidate, cluster).values()
            disks = [placement.disks_of(domain, candidate, cluster) for domain in hosts]
            verdict = placement.judge(candidate, len(disks), disks)
            where, what = at.site(*path, "name"), f"pool {candidate.name}: {verdict.reason}"
            if not verdict.fits:
                yield Problem(where, f"{what}; add disks or choose another layout", LAYOUT_RULE)
            elif verdict.data_lost:
                yield Problem(where, f"{what}; use more failure domains or more coding", LAYOUT_RULE)
            elif verdict.io_stops and not pool.accept_io_stop:
                k, m, _ = placement.layout(candidate)
                left = k + m - placement.largest_loss(candidate, len(disks))
                text = f"{what}; use more failure domains, or write min_size: {left}, or accept_io_stop: true"
                yield Problem(where, text, LAYOUT_RULE)


def block_pools_serve_kernel_clients(site: "Site", at: Places) -> Iterator[Problem]:
    """No erasure-coded block pool puts several shards into one failure domain.

    That takes a multi-step CRUSH rule, with which the whole cluster refuses kernel RBD clients.
    """
    for i, pool in enumerate(site.spec.storage.block_pools):
        if pool.replicas is None and placement.largest_loss(pool, len(site.domains(pool, "block"))) > 1:
            where = at.site("storage", "block_pools", i, "name")
            text = f"block pool {pool.name}: several shards in one failure domain need a CRUSH rule that locks out"
            yield Problem(where, f"{text} kernel clients; write replicas, or no more shards than domains", LAYOUT_RULE)


def buckets_fit_their_user(site: "Site", at: Places) -> Iterator[Problem]:
    """Buckets of a user fit its quota, in number and each in size."""
    storage = site.spec.storage
    count = Counter(bucket.user for bucket in storage.buckets)
    users = {user.name: user for user in storage.object_users}
    for i, user in enumerate(storage.object_users):
        if count[user.name] > user.max_buckets:
            where = at.site("storage", "object_users", i, "max_buckets")
            yield Problem(where, f"object user {user.name} has {count[user.name]} buckets; raise max_buckets")
    for i, bucket in enumerate(storage.buckets):
        limit = users[bucket.user].max_size_gib
        if bucket.max_size_gib > limit:
            where = at.site("storage", "buckets", i, "max_size_gib")
            yield Problem(where, f"bucket {bucket.name}: {bucket.max_size_gib} GiB is more than its user's {limit} GiB")


# --- compute --------------------------------------------------------------------------------------------


def images_fit_the_cpu_family(site: "Site", at: Places) -> Iterator[Problem]:
    """A VM's image is built for the architecture of its CPU family."""
    for i, vm in enumerate(site.spec.compute.vms):
        if not _has_arch(site, vm.cpu_family):
            where = at.site("compute", "vms", i, "cpu_family")
            yield Problem(where, f"VM {vm.name}: no host is of family {vm.cpu_family}; {_families(site)}")
            continue
        arch, image = site.arch_of(vm.cpu_family), site.image(vm.image)
        if image.arch != arch:
            fitting = ", ".join(other.name for other in site.spec.compute.images if other.arch == arch) or "none yet"
            text = f"VM {vm.name}: image {image.name} is {image.arch}, family {vm.cpu_family} is {arch}"
            yield Problem(at.site("compute", "vms", i, "image"), f"{text}; {arch} images: {fitting}")


def vms_find_a_host(site: "Site", at: Places) -> Iterator[Problem]:
    """The zone of a VM's subnet has a worker of its family that is large enough."""
    for i, vm in enumerate(site.spec.compute.vms):
        zone = site.subnet(vm.subnet).zone
        hosts = site.hosts_in(zone=zone, role="worker", cpu_family=vm.cpu_family)
        where = at.site("compute", "vms", i, "cpu_family")
        if not hosts:
            text = f"VM {vm.name}: zone {zone} of subnet {vm.subnet} has no {vm.cpu_family} worker"
            yield Problem(where, f"{text}; {_families(site, zone)}")
        elif not any(vm.cpus <= host.cpus and vm.memory_gib <= host.memory_gib for host in hosts):
            text = f"VM {vm.name}: {vm.cpus} CPUs, {vm.memory_gib} GiB: no {vm.cpu_family} worker of {zone} has that"
            yield Problem(at.site("compute", "vms", i, "cpus"), f"{text}; write less")


def disk_names_are_unique(site: "Site", at: Places) -> Iterator[Problem]:
    """No two disks of a tenant would have one name: those of a VM are called `VM-system` and `VM-DISK`."""
    named = [
        (at.site("compute", "shared_disks", i, "name"), disk.tenant, disk.name, f"shared disk {disk.name}")
        for i, disk in enumerate(site.spec.compute.shared_disks)
    ]
    for i, vm in enumerate(site.spec.compute.vms):
        tenant = site.vpc_of_subnet(vm.subnet).tenant
        named.append(
            (at.site("compute", "vms", i, "name"), tenant, f"{vm.name}-system", f"system disk of VM {vm.name}")
        )
        for j, data_disk in enumerate(vm.data_disks):
            where, what = (
                at.site("compute", "vms", i, "data_disks", j, "name"),
                f"disk {data_disk.name} of VM {vm.name}",
            )
            named.append((where, tenant, f"{vm.name}-{data_disk.name}", what))
            if data_disk.name == "cloud-init":
                yield Problem(where, f"{what}: the name is taken; choose another")
    owners: dict[tuple[str, str], str] = {}
    for where, tenant, name, what in named:
        owner = owners.setdefault((tenant, name), what)
        if owner != what:
            yield Problem(where, f"{what} and {owner} would both be called {name}; name one otherwise")


def shared_disks_stay_with_their_tenant(site: "Site", at: Places) -> Iterator[Problem]:
    """A VM attaches shared disks of its own tenant, each once."""
    tenant_of = {disk.name: disk.tenant for disk in site.spec.compute.shared_disks}
    for i, vm in enumerate(site.spec.compute.vms):
        tenant = site.vpc_of_subnet(vm.subnet).tenant
        for j, name in enumerate(vm.shared_disks):
            where = at.site("compute", "vms", i, "shared_disks", j)
            if tenant_of[name] != tenant:
                yield Problem(where, f"VM {vm.name} of {tenant} attaches shared disk {name} of {tenant_of[name]}")
            if name in vm.shared_disks[:j] or any(disk.name == name for disk in vm.data_disks):
                yield Problem(where, f"VM {vm.name} has two disks {name}; keep one")


def applications_find_hosts(site: "Site", at: Places) -> Iterator[Problem]:
    """Each zone of an application has a worker of its architecture."""
    for i, application in enumerate(site.spec.compute.applications):
        arch = None if application.arch == "any" else application.arch
        for j, zone in enumerate(application.zones):
            where = at.site("compute", "applications", i, "zones", j)
            if zone in application.zones[:j]:
                yield Problem(where, f"application {application.name}: zone {zone} is named twice; keep one")
            if not site.hosts_in(zone=zone, role="worker", arch=arch):
                text = f"application {application.name}: zone {zone} has no {arch or ''} worker".replace("  ", " ")
                yield Problem(where, f"{text}; remove the zone or add a host")


# --- load balancers and databases ------------------------------------------------------------------------


def l4_serves_its_vpc(site: "Site", at: Places) -> Iterator[Problem]:
    """Backends of an L4 load balancer are VMs of its VPC, and its ports differ."""
    for i, l4 in enumerate(site.spec.load_balancers.l4):
        path = ("load_balancers", "l4", i)
        for j, name in enumerate(l4.vms):
            vpc = site.vpc_of_subnet(site.vm(name).subnet)
            if vpc.name != l4.vpc:
                yield Problem(
                    at.site(*path, "vms", j), f"load balancer {l4.name} of VPC {l4.vpc}: VM {name} is in {vpc.name}"
                )
            if name in l4.vms[:j]:
                yield Problem(at.site(*path, "vms", j), f"load balancer {l4.name} names VM {name} twice; keep one")
        for j, port in enumerate(l4.ports):
            for other in l4.ports[:j]:
                if port.name == other.name or (port.protocol, port.port) == (other.protocol, other.port):
                    text = f"load balancer {l4.name}: ports {other.name} and {port.name} share a name or a number"
                    yield Problem(at.site(*path, "ports", j), text)


def l7_routes_fit(site: "Site", at: Places) -> Iterator[Problem]:
    """Routes lead from a hostname of the load balancer to an HTTP application of its tenant."""
    for i, l7 in enumerate(site.spec.load_balancers.l7):
        for j, route in enumerate(l7.routes):
            where = at.site("load_balancers", "l7", i, "routes", j)
            application = site.application(route.application)
            what = f"load balancer {l7.name}: route {route.host}{route.path}"
            if application.tenant != l7.tenant:
                yield Problem(where, f"{what}: application {application.name} is of tenant {application.tenant}")
            if application.protocol not in ("http", "h2c"):
                text = f"{what}: application {application.name} speaks {application.protocol}; write a stream"
                yield Problem(where, text)
            if route.websocket and application.protocol != "http":
                yield Problem(where, f"{what}: WebSocket needs an application of protocol http")
            if not any(_covers(hostname, route.host) for hostname in l7.hostnames):
                yield Problem(where, f"{what}: {route.host} is none of {', '.join(l7.hostnames)}; add it to hostnames")
            if _key(route) in [_key(other) for other in l7.routes[:j]]:
                yield Problem(where, f"{what} is there twice; keep one")


def l7_streams_fit(site: "Site", at: Places) -> Iterator[Problem]:
    """Streams lead to applications of the tenant that speak their protocol; their ports are free."""
    for i, l7 in enumerate(site.spec.load_balancers.l7):
        used: dict[tuple[str, int], str] = {("tcp", 80): "HTTP", ("tcp", 443): "HTTPS"}
        for j, stream in enumerate(l7.streams):
            where = at.site("load_balancers", "l7", i, "streams", j)
            application = site.application(stream.application)
            what = f"load balancer {l7.name}: stream {stream.name}"
            if application.tenant != l7.tenant:
                yield Problem(where, f"{what}: application {application.name} is of tenant {application.tenant}")
            if application.protocol != stream.protocol:
                text = f"{what} is {stream.protocol}, application {application.name} speaks {application.protocol}"
                yield Problem(where, text)
            if (stream.protocol, stream.port) in used:
                text = f"{what}: {stream.protocol} {stream.port} is taken by {used[stream.protocol, stream.port]}"
                yield Problem(where, text)
            used.setdefault((stream.protocol, stream.port), f"stream {stream.name}")
            if stream.name in [other.name for other in l7.streams[:j]]:
                yield Problem(where, f"{what} is there twice; name it otherwise")


def hostnames_belong_to_one_load_balancer(site: "Site", at: Places) -> Iterator[Problem]:
    """No two L7 load balancers serve one hostname."""
    owners: dict[str, str] = {}
    for i, l7 in enumerate(site.spec.load_balancers.l7):
        for j, hostname in enumerate(l7.hostnames):
            if hostname in owners:
                where = at.site("load_balancers", "l7", i, "hostnames", j)
                yield Problem(where, f"load balancers {owners[hostname]} and {l7.name} both serve {hostname}")
            owners.setdefault(hostname, l7.name)


def databases_find_hosts(site: "Site", at: Places) -> Iterator[Problem]:
    """Each replica has a database host of its family in its zone."""
    for i, database in enumerate(site.spec.databases):
        for j, replica in enumerate(database.replicas):
            if not site.hosts_in(zone=replica.zone, role="database", cpu_family=replica.cpu_family):
                text = (
                    f"database {database.name}: zone {replica.zone} has no {replica.cpu_family} host in group database"
                )
                yield Problem(
                    at.site("databases", i, "replicas", j), f"{text}; {_families(site, replica.zone, 'database')}"
                )


def oceanbase_stays_off_phytium(site: "Site", at: Places) -> Iterator[Problem]:
    """OceanBase's published builds need atomics that Phytium CPUs lack."""
    for i, database in enumerate(site.spec.databases):
        for j, replica in enumerate(database.replicas):
            if database.engine == "oceanbase" and replica.cpu_family is CpuFamily.PHYTIUM:
                text = f"database {database.name}: OceanBase does not run on phytium; write intel, hygon or kunpeng"
                yield Problem(at.site("databases", i, "replicas", j, "cpu_family"), text)


def postgresql_has_one_architecture(site: "Site", at: Places) -> Iterator[Problem]:
    """PostgreSQL replicates blocks between hosts of one architecture only."""
    for i, database in enumerate(site.spec.databases):
        if database.engine == "postgresql":
            families = [replica.cpu_family for replica in database.replicas if _has_arch(site, replica.cpu_family)]
            arches = sorted({site.arch_of(family) for family in families})
            if len(arches) > 1:
                where = at.site("databases", i, "replicas")
                text = f"database {database.name}: replicas on {' and '.join(arches)}; PostgreSQL needs one of them"
                yield Problem(where, text)


# --- the site itself ------------------------------------------------------------------------------------


def backends_are_shared(site: "Site", at: Places) -> Iterator[Problem]:
    """A site that is not a lab keeps Pulumi's state in a shared backend with a lock."""
    backend, lab = site.spec.backend, site.spec.lab
    remedy = "write s3://BUCKET?endpoint=... or postgres://HOST/DATABASE"
    if backend is None and not lab:
        yield Problem(at.site("lab"), f"a site that is not a lab needs a shared backend; {remedy}, or lab: true")
    elif backend is not None and not backend.startswith(SHARED_BACKENDS):
        yield Problem(at.site("backend"), f"backend {backend[:40]!r} is not shared; {remedy}")


SHARED_BACKENDS = ("s3://", "postgres://", "azblob://", "gs://", "https://")

STAGES: tuple[tuple[Check, ...], ...] = (
    (
        no_secrets_are_written,
        zones_of_hosts_exist,
        groups_are_spelled_right,
        names_are_unique,
        tenants_have_free_namespaces,
        network_names_are_free,
        network_references_exist,
        private_lines_exist,
        storage_references_exist,
        compute_references_exist,
        load_balancer_references_exist,
        database_references_exist,
        pools_say_one_layout,
        disks_are_listed_once,
        ceph_disks_have_a_device_class,
        ceph_disks_lie_on_storage_hosts,
    ),
    (
        addresses_are_unique,
        every_zone_has_a_control_host,
        etcd_members_are_odd,
        racks_lie_in_one_zone,
        switch_pairs_lie_in_one_zone,
        rooms_lie_in_one_zone,
        page_sizes_fit_the_architecture,
        families_have_one_architecture,
        hosts_lie_in_the_management_network,
        labs_use_the_benchmarking_range,
        networks_do_not_overlap,
        networks_avoid_reserved_ranges,
        service_network_has_a_size_for_kubernetes,
        subnets_lie_in_their_vpc,
        subnets_have_a_gateway_host,
        gateways_fit_their_hosts,
        peerings_are_mutual,
        private_line_addresses_fit,
        external_addresses_fit,
        floating_addresses_fit,
        security_group_rules_are_whole,
        vpc_addresses_are_free,
        pools_survive_a_failure_domain,
        one_pool_is_the_default,
        pools_have_the_right_failure_domain,
        pools_have_a_sane_min_size,
        pools_find_their_disks,
        block_pools_serve_kernel_clients,
        buckets_fit_their_user,
        images_fit_the_cpu_family,
        vms_find_a_host,
        disk_names_are_unique,
        shared_disks_stay_with_their_tenant,
        applications_find_hosts,
        l4_serves_its_vpc,
        l7_routes_fit,
        l7_streams_fit,
        hostnames_belong_to_one_load_balancer,
        databases_find_hosts,
        oceanbase_stays_off_phytium,
        postgresql_has_one_architecture,
        backends_are_shared,
    ),
)


# --- helpers -----------------------------------------------------------------------------------------------------

_SECRET_NAME = re.compile(
    r"(^|_)(pass|password|passwd|passphrase|secret|token|credentials?|api_?key|access_?key|private_?key|secret_?key)s?$",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|^[a-z0-9+.-]+://[^/\s:@]*:[^/\s:@]+@|\bAKIA[0-9A-Z]{16}\b"
)


def _known(where: str, what: str, name: str | None, known: Sequence[str]) -> Iterator[Problem]:
    """Yield a problem when `name` is not among `known`."""
    if name is not None and name not in known:
        names = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
        yield Problem(where, f"{what} {name} does not exist{meant(name, known)}; known: {names or 'none'}")


def _names(things: Iterable[object]) -> list[str]:
    return [str(getattr(thing, "name")) for thing in things]  # noqa: B009  # every model in question has a name


def _paths(base: tuple[str | int, ...], things: Iterable[object]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for i, name in enumerate(_names(things)):
        yield (*base, i), name


def _pools(site: "Site") -> Iterator[tuple[tuple[str | int, ...], Pool]]:
    for part, pools in (
        ("block_pools", site.spec.storage.block_pools),
        ("object_stores", site.spec.storage.object_stores),
    ):
        for i, pool in enumerate(pools):
            yield ("storage", part, i), pool


def _cluster(path: Sequence[str | int]) -> Cluster:
    return "block" if path[1] == "block_pools" else "object"


def _leaves(sources: Iterable[dict[str, Entry]]) -> Iterator[tuple[str, str, Node]]:
    """Place, key and scalar of everything below some mappings; items of lists have the key of their list."""
    queue = [(entry.where, str(name), entry.node) for source in sources for name, entry in source.items()]
    while queue:
        where, name, node = queue.pop()
        if isinstance(node.value, dict):
            queue += [(entry.where, str(key), entry.node) for key, entry in node.value.items()]
        elif isinstance(node.value, list):
            queue += [(item.where, name, item) for item in node.value]
        else:
            yield where, name, node


def _same(site: "Site", at: Places, thing: str, property_: str) -> Iterator[Problem]:
    """Hosts that share `thing` (a rack, say) share `property_` (its zone, say)."""
    first: dict[str, Host] = {}
    for host in site.hosts:
        name = getattr(host, thing)
        other = first.setdefault(name, host)
        mine, theirs = getattr(host, property_), getattr(other, property_)
        if mine != theirs:
            text = f"{thing} {name} is in {property_} {theirs} (host {other.name}) and {mine} (host {host.name})"
            where = at.host(host.name, f"yiyun_{thing}")
            yield Problem(where, f"{text.replace('switch_pair', 'switch pair')}; names are unique in the site")


def _usable(address: IPv4Address, network: IPv4Network) -> bool:
    """Whether an address can belong to a host: inside, and neither the network's own nor the broadcast address."""
    return address in network and address not in (network.network_address, network.broadcast_address)


def _networks(site: "Site", at: Places) -> Iterator[tuple[IPv4Network, str, str]]:
    """All networks that must be disjoint: range, name, place."""
    network = site.spec.network
    for name in ("management", "storage", "pods", "services"):
        yield getattr(network, name), f"network.{name}", at.site("network", name)
    yield network.external.cidr, "network.external", at.site("network", "external", "cidr")
    if network.private_line:
        for i, cidr in enumerate(network.private_line.idc_cidrs):
            yield cidr, "private line idc_cidrs", at.site("network", "private_line", "idc_cidrs", i)
        for i, handoff in enumerate(network.private_line.handoffs):
            where = at.site("network", "private_line", "handoffs", i, "cidr")
            yield handoff.cidr, f"private line hand-off of {handoff.zone}", where
    for i, vpc in enumerate(network.vpcs):
        yield vpc.cidr, f"VPC {vpc.name}", at.site("network", "vpcs", i, "cidr")


def _range(text: str) -> tuple[IPv4Address | None, IPv4Address | None]:
    """First and last address of a range; None for what is not an address."""
    first, _, last = text.partition("-")
    try:
        return IPv4Address(first), IPv4Address(last)
    except ValueError:
        return None, None


def _rule_faults(rule: SecurityGroupRule) -> Iterator[str]:
    if (rule.cidr is None) == (rule.group is None):
        yield "a rule names exactly one of cidr and group"
    if rule.ports is not None:
        first, _, last = rule.ports.partition("-")
        if rule.protocol not in ("tcp", "udp"):
            yield f"protocol {rule.protocol} has no ports; remove them"
        elif not 1 <= int(first) <= int(last or first) <= 65535:
            yield f"ports {rule.ports} are not a range between 1 and 65535, smaller first"


def _has_arch(site: "Site", family: CpuFamily) -> bool:
    return family in ARCH_OF_FAMILY or bool(site.hosts_in(cpu_family=family))


def _families(site: "Site", zone: str | None = None, role: str = "worker") -> str:
    found = sorted({host.cpu_family.value for host in site.hosts_in(zone=zone, role=role)})
    return f"there: {', '.join(found) or 'none'}"


def _covers(hostname: str, host: str) -> bool:
    """Whether a hostname, perhaps `*.example.org`, covers a host."""
    if hostname.startswith("*."):
        return host == hostname or host.endswith(hostname[1:])
    return host == hostname


def _key(route: Route) -> tuple[str, str]:
    return route.host, route.path
