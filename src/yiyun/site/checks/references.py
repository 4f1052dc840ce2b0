"""References: everything that is named somewhere is there."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from yiyun.site.checks.names import names_of
from yiyun.site.checks.places import Places, Problem
from yiyun.site.checks.pools import pools_of
from yiyun.site.model import Route, StreamPort
from yiyun.site.spelling import meant

if TYPE_CHECKING:
    from yiyun.site.loader import Site


def zones_of_hosts_exist(site: "Site", at: Places) -> Iterator[Problem]:
    """Every host lies in a zone of site.yaml."""
    for host in site.hosts:
        yield from _known(at.host(host.name, "yiyun_zone"), f"host {host.name}: zone", host.zone, site.zones)


def network_references_exist(site: "Site", at: Places) -> Iterator[Problem]:
    """Tenants, zones, peers and groups that the network names are there."""
    network = site.spec.network
    tenants, vpcs = names_of(site.spec.tenants), names_of(network.vpcs)
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
        groups = names_of(vpc.security_groups)
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
    tenants, stores, users = (
        names_of(site.spec.tenants),
        names_of(storage.object_stores),
        names_of(storage.object_users),
    )
    for path, pool in pools_of(site):
        for j, zone in enumerate(pool.zones):
            yield from _known(at.site(*path, "zones", j), f"pool {pool.name}: zone", zone, site.zones)
    for i, user in enumerate(storage.object_users):
        path = ("storage", "object_users", i)
        yield from _known(at.site(*path, "tenant"), f"object user {user.name}: tenant", user.tenant, tenants)
        yield from _known(at.site(*path, "store"), f"object user {user.name}: store", user.store, stores)
    for i, bucket in enumerate(storage.buckets):
        where = at.site("storage", "buckets", i, "user")
        yield from _known(where, f"bucket {bucket.name}: object user", bucket.user, users)
    buckets = names_of(storage.buckets)
    yield from _known(at.site("logs", "bucket"), "logs: bucket", site.spec.logs.bucket, buckets)
    yield from _known(at.site("backup", "bucket"), "backup: bucket", site.spec.backup.bucket, buckets)


def compute_references_exist(site: "Site", at: Places) -> Iterator[Problem]:
    """Subnets, images, disks, pools, QoS classes, groups, tenants and zones that compute names are there."""
    compute, storage = site.spec.compute, site.spec.storage
    subnets = [subnet.name for vpc in site.spec.network.vpcs for subnet in vpc.subnets]
    images, shared = names_of(compute.images), names_of(compute.shared_disks)
    pools, qos, tenants = names_of(storage.block_pools), names_of(storage.qos_classes), names_of(site.spec.tenants)
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
                yield from _known(where, what, name, names_of(vpc.security_groups))
    for i, application in enumerate(compute.applications):
        path = ("compute", "applications", i)
        what = f"application {application.name}"
        yield from _known(at.site(*path, "tenant"), f"{what}: tenant", application.tenant, tenants)
        for j, zone in enumerate(application.zones):
            yield from _known(at.site(*path, "zones", j), f"{what}: zone", zone, site.zones)


def load_balancer_references_exist(site: "Site", at: Places) -> Iterator[Problem]:
    """VPCs, VMs, tenants and applications that load balancers name are there."""
    vpcs, tenants = names_of(site.spec.network.vpcs), names_of(site.spec.tenants)
    vms, applications = names_of(site.spec.compute.vms), names_of(site.spec.compute.applications)
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
    tenants, buckets = names_of(site.spec.tenants), names_of(site.spec.storage.buckets)
    pools = names_of(site.spec.storage.block_pools)
    for i, database in enumerate(site.spec.databases):
        path, what = ("databases", i), f"database {database.name}"
        yield from _known(at.site(*path, "tenant"), f"{what}: tenant", database.tenant, tenants)
        yield from _known(at.site(*path, "backup_bucket"), f"{what}: bucket", database.backup_bucket, buckets)
        yield from _known(at.site(*path, "pool"), f"{what}: block pool", database.pool, pools)
        for j, replica in enumerate(database.replicas):
            yield from _known(at.site(*path, "replicas", j, "zone"), f"{what}: zone", replica.zone, site.zones)


def _known(where: str, what: str, name: str | None, known: Sequence[str]) -> Iterator[Problem]:
    """Yield a problem when `name` is not among `known`."""
    if name is not None and name not in known:
        names = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
        yield Problem(where, f"{what} {name} does not exist{meant(name, known)}; known: {names or 'none'}")
