"""How virtual machines run on this site: the KubeVirt and CDI objects.

One cluster holds x86 and ARM hosts, so both machine types are set: `q35` for amd64, `virt` for arm64. Migrations are
encrypted, and bounded so that they cannot fill the storage network. Virtual machines run under the runtime's seccomp
profile, which lets their pods live in namespaces with the Pod Security level `restricted`.
"""

from typing import Any

import pulumi

from yiyun.components.kubernetes import Component, Item
from yiyun.components.namespace import KUBEVIRT
from yiyun.components.storage_class import block_class_name
from yiyun.site import Site

MACHINE_TYPES = {"amd64": "q35", "arm64": "virt"}
EMULATED = {"amd64": ("q35*", "pc-q35*"), "arm64": ("virt*",)}
FEATURE_GATES = ("DeclarativeHotplugVolumes", "Snapshot")


def kubevirt(site: Site) -> dict[str, Any]:
    """The KubeVirt object of the site."""
    machines = {
        arch: {"machineType": machine, "emulatedMachines": list(EMULATED[arch])}
        for arch, machine in MACHINE_TYPES.items()
    }
    return {
        "apiVersion": "kubevirt.io/v1",
        "kind": "KubeVirt",
        "metadata": {"name": "kubevirt", "namespace": KUBEVIRT},
        "spec": {
            "imageRegistry": f"{site.spec.registry}/kubevirt",
            "uninstallStrategy": "BlockUninstallIfWorkloadsExist",
            "workloadUpdateStrategy": {"workloadUpdateMethods": ["LiveMigrate"], "batchEvictionSize": 5},
            "configuration": {
                "architectureConfiguration": {"defaultArchitecture": "amd64", **machines},
                "evictionStrategy": "LiveMigrate",
                "vmRolloutStrategy": "LiveUpdate",
                "vmStateStorageClass": block_class_name(site.default_pool.name),
                "developerConfiguration": {"featureGates": list(FEATURE_GATES)},
                "migrations": {
                    "parallelMigrationsPerCluster": 10,
                    "parallelOutboundMigrationsPerNode": 2,
                    "bandwidthPerMigration": "2Gi",
                    "allowAutoConverge": True,
                    "allowPostCopy": False,
                    "disableTLS": False,
                },
                "tlsConfiguration": {"minTLSVersion": "VersionTLS12"},
                "seccompConfiguration": {
                    "virtualMachineInstanceProfile": {"customProfile": {"runtimeDefaultProfile": True}}
                },
            },
        },
    }


def importer(site: Site) -> dict[str, Any]:
    """The CDI object: how images are fetched into disks."""
    return {
        "apiVersion": "cdi.kubevirt.io/v1beta1",
        "kind": "CDI",
        "metadata": {"name": "cdi"},
        "spec": {
            "imagePullPolicy": "IfNotPresent",
            "uninstallStrategy": "BlockUninstallIfWorkloadsExist",
            "config": {
                "scratchSpaceStorageClass": block_class_name(site.default_pool.name),
                "podResourceRequirements": {
                    "requests": {"cpu": "100m", "memory": "128Mi"},
                    "limits": {"cpu": "1", "memory": "1Gi"},
                },
            },
        },
    }


def kubevirt_items(site: Site) -> list[Item]:
    """KubeVirt and CDI."""
    return [Item(kubevirt(site)), Item(importer(site))]


class VirtualizationPlatform(Component):
    """KubeVirt and CDI of a site."""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("VirtualizationPlatform", name, site, kubevirt_items(site), opts)
