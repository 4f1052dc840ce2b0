"""Virtual machines of KubeVirt as rules see them."""

from yiyun.compliance.facts import Map, Object
from yiyun.compliance.world import World

INSTANCE = "kubevirt.io/VirtualMachineInstance"
MACHINE_KINDS = ("kubevirt.io/VirtualMachine", INSTANCE, "kubevirt.io/VirtualMachineInstanceReplicaSet")
"""Kinds that run machines."""


def machine_spec(obj: Object) -> Map:
    """The specification of the machine itself."""
    return obj.spec if obj.id == INSTANCE else obj.spec.walk("template.spec")


def machines_of_claim(world: World, namespace: str, claim: str) -> list[Object]:
    """VirtualMachines that attach a PersistentVolumeClaim."""
    key = "machines by claim"
    if key not in world.shared:
        index: dict[tuple[str, str], list[Object]] = {}
        for machine in world.all("kubevirt.io/VirtualMachine"):
            for volume in machine.elsewhere.walk("spec.template.spec").maps("volumes"):
                name = volume.map("persistentVolumeClaim").text("claimName")
                index.setdefault((machine.namespace, name), []).append(machine)
        world.shared[key] = index
    return world.shared[key].get((namespace, claim), [])  # type: ignore[no-any-return]


def port_annotations(obj: Object) -> Map:
    """Annotations that Kube-OVN reads for the machine's port."""
    return obj.annotations if obj.id == INSTANCE else obj.spec.walk("template.metadata.annotations")
