"""Virtual machines, with the settings that their CPU needs.

`cpu_family` decides everything: the node (same family, same zone as the subnet), the architecture and what follows from
it. On ARM the guest sees the host's CPU as it is, boots by UEFI without secure boot and has virtio or SCSI disks only;
live migration therefore stays among hosts of one family. On x86 the model is the host's (`host-model`).

- Data disks sit on the SCSI bus, which takes 250 of them. A disk with a QoS class is attached at start, because Ceph
  CSI would put the limit of a hot-plugged disk on KubeVirt's helper pod; all others can be plugged while running.
- Shared disks are never cached by the host.
- The address is fixed, and Kube-OVN drops what comes from another one (port security); security groups guard the port
  (clause 8.2.3.2). A machine without a group is refused by the gate.
- A drained host moves its machines away live (`evictionStrategy: LiveMigrate`).
- The machine's first-boot settings come from a Secret (`./yiyun secrets init`), never from the stack.
"""

from typing import Any

import pulumi

from yiyun.components.disk import (
    data_disk_name,
    data_disks,
    disk_keys,
    machine_labels,
    shared_disk,
    system_disk,
    system_disk_name,
)
from yiyun.components.image import image_items
from yiyun.components.kubernetes import Component, Item
from yiyun.components.kubevirt import MACHINE_TYPES
from yiyun.components.priority import MACHINE
from yiyun.components.quantity import gib
from yiyun.components.recycle_bin import ACTIVE
from yiyun.components.secret_refs import cloud_init_secret
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import Arch, Tenant, Vm

CPU_MODEL = {"amd64": "host-model", "arm64": "host-passthrough"}
SHUTDOWN_SECONDS = 180


def devices(vm: Vm) -> dict[str, Any]:
    """Disks and network card of a machine."""
    data = [
        {"name": disk.name, "serial": disk.name, "cache": "none", "disk": {"bus": "scsi"}} for disk in vm.data_disks
    ]
    shared = [
        {"name": name, "serial": name, "cache": "none", "shareable": True, "disk": {"bus": "scsi"}}
        for name in vm.shared_disks
    ]
    return {
        "disks": [
            {"name": "system", "bootOrder": 1, "cache": "none", "disk": {"bus": "virtio"}},
            {"name": "cloud-init", "disk": {"bus": "virtio"}},
            *data,
            *shared,
        ],
        "interfaces": [{"name": "default", "model": "virtio", "bridge": {}}],
        "blockMultiQueue": True,
        "networkInterfaceMultiqueue": True,
        "rng": {},
    }


def volumes(vm: Vm) -> list[dict[str, Any]]:
    """What is behind each disk of `devices`."""
    found: list[dict[str, Any]] = [
        {"name": "system", "persistentVolumeClaim": {"claimName": system_disk_name(vm)}},
        {"name": "cloud-init", "cloudInitNoCloud": {"secretRef": {"name": cloud_init_secret(vm.name)}}},
    ]
    for disk in vm.data_disks:
        source: dict[str, Any] = {"claimName": data_disk_name(vm, disk)}
        if disk.qos is None:
            source["hotpluggable"] = True
        found.append({"name": disk.name, "persistentVolumeClaim": source})
    found += [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in vm.shared_disks]
    return found


def domain(vm: Vm, arch: Arch) -> dict[str, Any]:
    """The machine as the hypervisor builds it."""
    spec: dict[str, Any] = {
        "cpu": {"sockets": 1, "cores": vm.cpus, "threads": 1, "model": CPU_MODEL[arch]},
        "memory": {"guest": gib(vm.memory_gib)},
        "machine": {"type": MACHINE_TYPES[arch]},
        "devices": devices(vm),
    }
    if arch == "arm64":
        spec["firmware"] = {"bootloader": {"efi": {"secureBoot": False}}}
    return spec


def port_annotations(vm: Vm) -> dict[str, str]:
    """How Kube-OVN connects the machine: subnet, fixed address, port security, security groups."""
    annotations = {
        "ovn.kubernetes.io/logical_switch": vm.subnet,
        "ovn.kubernetes.io/ip_address": str(vm.address),
        "ovn.kubernetes.io/port_security": "true",
        "kubevirt.io/allow-pod-bridge-network-live-migration": "true",
    }
    if vm.security_groups:
        annotations["ovn.kubernetes.io/security_groups"] = ",".join(vm.security_groups)
    return annotations


def virtual_machine(site: Site, vm: Vm) -> dict[str, Any]:
    """The VirtualMachine object."""
    arch = site.arch_of(vm.cpu_family)
    vpc = site.vpc_of_subnet(vm.subnet)
    labels = {names.TENANT: vpc.tenant, **machine_labels(vm)}
    return {
        "apiVersion": "kubevirt.io/v1",
        "kind": "VirtualMachine",
        "metadata": {"name": vm.name, "namespace": vpc.tenant, "labels": {**labels, names.LIFECYCLE: ACTIVE}},
        "spec": {
            "runStrategy": "Always" if vm.running else "Halted",
            "updateVolumesStrategy": "Replacement",
            "template": {
                "metadata": {"labels": labels, "annotations": port_annotations(vm)},
                "spec": {
                    "architecture": arch,
                    "hostname": vm.name,
                    "nodeSelector": {
                        names.ARCH: arch,
                        names.ZONE: site.subnet(vm.subnet).zone,
                        names.CPU_FAMILY: vm.cpu_family.value,
                        names.role_label("worker"): "true",
                    },
                    "priorityClassName": MACHINE,
                    "evictionStrategy": "LiveMigrate",
                    "terminationGracePeriodSeconds": SHUTDOWN_SECONDS,
                    "domain": domain(vm, arch),
                    "networks": [{"name": "default", "pod": {}}],
                    "volumes": volumes(vm),
                },
            },
        },
    }


def vm_items(site: Site, vm: Vm) -> list[Item]:
    """A machine and its own disks. Its image and its shared disks belong to the tenant (`machines_items`)."""
    namespace = site.vpc_of_subnet(vm.subnet).tenant
    return [
        system_disk(site, namespace, vm),
        *data_disks(site, namespace, vm),
        Item(virtual_machine(site, vm), after=disk_keys(namespace, vm)),
    ]


def machines_items(site: Site, tenant: Tenant) -> list[Item]:
    """All machines of one tenant, with the images and shared disks that they use."""
    compute = site.spec.compute
    items = image_items(site, tenant.name)
    items += [shared_disk(site, disk) for disk in compute.shared_disks if disk.tenant == tenant.name]
    for vm in compute.vms:
        if site.vpc_of_subnet(vm.subnet).tenant == tenant.name:
            items += vm_items(site, vm)
    return items


class Machines(Component):
    """The virtual machines of one tenant. One component for all of them keeps Pulumi's state small."""

    def __init__(self, name: str, site: Site, tenant: Tenant, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Machines", name, site, machines_items(site, tenant), opts)
