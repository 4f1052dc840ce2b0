"""What users pick when they ask for a disk: a StorageClass for each pool, a QoS class, a snapshot class.

- Disks are kept when their claim is deleted (`Retain`) and can grow while in use.
- `imageFeatures: layering` alone: disks that several hosts open at once (live migration, shared disks) cannot use
  exclusive locks.
- QoS classes are VolumeAttributesClasses (Kubernetes 1.34): Ceph CSI turns them into cgroup limits, for reads and for
  writes, without bursts. A class once set cannot be taken off a disk, so a class `unlimited` exists to lift limits.
- The snapshot class serves Velero, which moves the snapshot to the object cluster and then deletes it.
"""

from typing import Any

import pulumi

from yiyun.components.ceph_block import DRIVER, metadata_pool_name
from yiyun.components.kubernetes import Component, Item
from yiyun.components.secret_refs import BLOCK_NAMESPACE
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import Pool, QosClass, Storage

MIB = 2**20
SNAPSHOT_CLASS = "block"
UNLIMITED = QosClass(name="unlimited", read_iops=10**8, write_iops=10**8, read_mib=10**6, write_mib=10**6)

SECRETS = {
    "provisioner": "rook-csi-rbd-provisioner",
    "controller-expand": "rook-csi-rbd-provisioner",
    "controller-publish": "rook-csi-rbd-provisioner",
    "controller-modify": "rook-csi-rbd-provisioner",
    "node-stage": "rook-csi-rbd-node",
    "node-publish": "rook-csi-rbd-node",
}
"""Secrets that Rook makes for Ceph CSI, by the step that uses them."""


def block_class_name(pool_name: str) -> str:
    """StorageClass of a block pool."""
    return f"block-{pool_name}"


def qos_class_name(qos: QosClass) -> str:
    """VolumeAttributesClass of a QoS class.

    Its limits are part of the name, because Kubernetes never lets those of a class change: a QoS class with other
    limits is another object, and disks move over to it in place.
    """
    return f"disk-{qos.name}.{qos.read_iops}-{qos.write_iops}-{qos.read_mib}-{qos.write_mib}"


def block_class(site: Site, pool: Pool) -> dict[str, Any]:
    """The StorageClass of a block pool."""
    pools = {"pool": pool.name}
    if pool.replicas is None:
        pools = {"pool": metadata_pool_name(pool), "dataPool": pool.name}
    parameters = {
        "clusterID": BLOCK_NAMESPACE,
        **pools,
        "imageFormat": "2",
        "imageFeatures": "layering",
        "csi.storage.k8s.io/fstype": "ext4",
    }
    for step, secret in SECRETS.items():
        parameters[f"csi.storage.k8s.io/{step}-secret-name"] = secret
        parameters[f"csi.storage.k8s.io/{step}-secret-namespace"] = BLOCK_NAMESPACE
    annotations = {names.LOCATION: site.location(pool.zones)}
    if pool.default:
        annotations["storageclass.kubernetes.io/is-default-class"] = "true"
    metadata = {"name": block_class_name(pool.name), "annotations": annotations}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": metadata,
        "provisioner": DRIVER,
        "reclaimPolicy": "Retain",
        "allowVolumeExpansion": True,
        "volumeBindingMode": "Immediate",
        "parameters": parameters,
    }


def qos_class(qos: QosClass) -> dict[str, Any]:
    """The VolumeAttributesClass of a QoS class: operations and bytes per second."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "VolumeAttributesClass",
        "metadata": {"name": qos_class_name(qos)},
        "driverName": DRIVER,
        "parameters": {
            "maxReadIops": str(qos.read_iops),
            "maxWriteIops": str(qos.write_iops),
            "maxReadBps": str(qos.read_mib * MIB),
            "maxWriteBps": str(qos.write_mib * MIB),
        },
    }


def snapshot_class() -> dict[str, Any]:
    """The VolumeSnapshotClass that Velero finds by its label."""
    return {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshotClass",
        "metadata": {"name": SNAPSHOT_CLASS, "labels": {"velero.io/csi-volumesnapshot-class": "true"}},
        "driver": DRIVER,
        "deletionPolicy": "Delete",
        "parameters": {
            "clusterID": BLOCK_NAMESPACE,
            "csi.storage.k8s.io/snapshotter-secret-name": "rook-csi-rbd-provisioner",
            "csi.storage.k8s.io/snapshotter-secret-namespace": BLOCK_NAMESPACE,
        },
    }


def storage_class_items(site: Site, spec: Storage) -> list[Item]:
    """All classes of the block cluster."""
    limits = {UNLIMITED.name: UNLIMITED} | {qos.name: qos for qos in spec.qos_classes}
    return [
        *(Item(block_class(site, pool)) for pool in spec.block_pools),
        *(Item(qos_class(qos)) for qos in limits.values()),
        Item(snapshot_class()),
    ]


class StorageClasses(Component):
    """Storage, QoS and snapshot classes of a site."""

    def __init__(self, name: str, site: Site, spec: Storage, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("StorageClasses", name, site, storage_class_items(site, spec), opts)
