"""The block cluster: disks of virtual machines and databases.

One CephCluster in `rook-ceph`, one CephBlockPool for each pool of `storage.block_pools`, the pool of the managers
(`.mgr`), and the CSI driver that attaches the disks. Fencing is on: a host that is declared lost is locked out of Ceph
before its disks are attached elsewhere, so two hosts never write to one disk.
"""

from typing import Any

import pulumi

from yiyun.components.ceph_cluster import ENCRYPTING_KERNEL, ceph_cluster, kernel_version
from yiyun.components.ceph_pool import pool_spec, small_pool_spec
from yiyun.components.kubernetes import Component, Item, key
from yiyun.components.secret_refs import BLOCK_NAMESPACE
from yiyun.site import Site
from yiyun.site.model import Pool, Storage
from yiyun.site.placement import Cluster

DRIVER = "rook-ceph.rbd.csi.ceph.com"
"""Name of the CSI driver; its prefix is the namespace of Rook's operator."""


def metadata_pool_name(pool: Pool) -> str:
    """The replicated pool beside an erasure-coded one: RBD cannot keep a disk's metadata in erasure code."""
    return f"{pool.name}.metadata"


def block_pool(namespace: str, name: str, spec: dict[str, Any], after: tuple[str, ...]) -> Item:
    """A CephBlockPool. It holds data: it is kept when it leaves the site."""
    manifest = {
        "apiVersion": "ceph.rook.io/v1",
        "kind": "CephBlockPool",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }
    return Item(manifest, holds_data=True, after=after)


def manager_pool(site: Site, namespace: str, pool: Pool, cluster: Cluster, after: tuple[str, ...]) -> Item:
    """The managers' pool, on the device class of `pool`; without one the autoscaler sees overlapping CRUSH roots."""
    return block_pool(namespace, "builtin-mgr", {"name": ".mgr", **small_pool_spec(site, pool, cluster)}, after)


def csi_driver() -> dict[str, Any]:
    """How Ceph CSI runs: fencing of lost hosts, group snapshots, priority over workloads."""
    return {
        "apiVersion": "csi.ceph.io/v1",
        "kind": "Driver",
        "metadata": {"name": DRIVER, "namespace": BLOCK_NAMESPACE},
        "spec": {
            "enableFencing": True,
            "deployCsiAddons": True,
            "generateOMapInfo": True,
            "snapshotPolicy": "volumeGroupSnapshot",
            "controllerPlugin": {"replicas": 2, "priorityClassName": "system-cluster-critical"},
            "nodePlugin": {"priorityClassName": "system-node-critical"},
        },
    }


def ceph_block_items(site: Site, spec: Storage) -> list[Item]:
    """The block cluster with its pools and CSI driver."""
    encrypt_wire = all(kernel_version(host) >= ENCRYPTING_KERNEL for host in site.hosts)
    cluster = ceph_cluster(site, "block", BLOCK_NAMESPACE, "/var/lib/rook", encrypt_wire)
    after = (key(cluster),)
    pools = [manager_pool(site, BLOCK_NAMESPACE, site.default_pool, "block", after)]
    for pool in spec.block_pools:
        pool_with_stats = {**pool_spec(site, pool, "block"), "enableRBDStats": True}
        pools.append(block_pool(BLOCK_NAMESPACE, pool.name, pool_with_stats, after))
        if pool.replicas is None:
            small = small_pool_spec(site, pool, "block")
            pools.append(block_pool(BLOCK_NAMESPACE, metadata_pool_name(pool), small, after))
    return [Item(cluster, holds_data=True), *pools, Item(csi_driver(), after=after)]


class BlockStorage(Component):
    """The block cluster of a site."""

    def __init__(self, name: str, site: Site, spec: Storage, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("BlockStorage", name, site, ceph_block_items(site, spec), opts)
