"""Disks of virtual machines: plain PersistentVolumeClaims.

A claim of its own, not a template inside the machine, keeps the disk when the machine is reinstalled or deleted, and
lets its size and its QoS class change in place. All are raw block devices that several hosts may open
(ReadWriteMany): live migration needs it. Changing `pool` would replace the claim, so it is refused while the disk is
protected.
"""

from typing import Any, Literal

from yiyun.components.image import image_key
from yiyun.components.kubernetes import Item, key
from yiyun.components.quantity import gib
from yiyun.components.recycle_bin import ACTIVE
from yiyun.components.storage_class import block_class_name, qos_class_name
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import DataDisk, SharedDisk, Vm


def claim(
    site: Site,
    namespace: str,
    name: str,
    role: Literal["system", "data", "shared"],
    size_gib: int,
    pool: str | None,
    qos: str | None,
    labels: dict[str, str],
) -> dict[str, Any]:
    """The PersistentVolumeClaim of one disk. `size_gib` is its size in GiB; without a pool it lies in the default."""
    spec: dict[str, Any] = {
        "accessModes": ["ReadWriteMany"],
        "volumeMode": "Block",
        "storageClassName": block_class_name(pool or site.default_pool.name),
        "resources": {"requests": {"storage": gib(size_gib)}},
    }
    if qos:
        limits = next(each for each in site.spec.storage.qos_classes if each.name == qos)
        spec["volumeAttributesClassName"] = qos_class_name(limits)
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {names.TENANT: namespace, names.DISK_ROLE: role, names.LIFECYCLE: ACTIVE, **labels},
        },
        "spec": spec,
    }


def machine_labels(vm: Vm) -> dict[str, str]:
    """Labels that a machine's disks share with it: whose they are and how often they are copied away."""
    labels = {names.VM: vm.name}
    if vm.backup != "none":
        labels[names.BACKUP] = vm.backup
    return labels


def system_disk_name(vm: Vm) -> str:
    """Claim of a machine's system disk."""
    return f"{vm.name}-system"


def data_disk_name(vm: Vm, disk: DataDisk) -> str:
    """Claim of one of a machine's data disks."""
    return f"{vm.name}-{disk.name}"


def system_disk(site: Site, namespace: str, vm: Vm) -> Item:
    """A machine's system disk, filled from its image."""
    name, labels = system_disk_name(vm), machine_labels(vm)
    manifest = claim(site, namespace, name, "system", vm.system_disk_gib, None, vm.system_disk_qos, labels)
    manifest["spec"]["dataSourceRef"] = {
        "apiGroup": "cdi.kubevirt.io",
        "kind": "VolumeImportSource",
        "name": vm.image,
    }
    return Item(manifest, holds_data=True, after=(image_key(namespace, vm.image),))


def data_disks(site: Site, namespace: str, vm: Vm) -> list[Item]:
    """A machine's data disks, empty at first."""
    items = []
    for disk in vm.data_disks:
        name, labels = data_disk_name(vm, disk), machine_labels(vm)
        manifest = claim(site, namespace, name, "data", disk.size_gib, disk.pool, disk.qos, labels)
        items.append(Item(manifest, holds_data=True))
    return items


def shared_disk(site: Site, disk: SharedDisk) -> Item:
    """A disk that several machines attach at once; the guests need a cluster filesystem. Copied away daily."""
    manifest = claim(site, disk.tenant, disk.name, "shared", disk.size_gib, disk.pool, None, {names.BACKUP: "daily"})
    return Item(manifest, holds_data=True)


def disk_keys(namespace: str, vm: Vm) -> tuple[str, ...]:
    """Keys of all disks that a machine attaches."""
    claims = [system_disk_name(vm), *(data_disk_name(vm, disk) for disk in vm.data_disks), *vm.shared_disks]
    return tuple(
        key({"kind": "PersistentVolumeClaim", "metadata": {"namespace": namespace, "name": name}}) for name in claims
    )
