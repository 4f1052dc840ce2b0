"""Virtual machines of KubeVirt as rules see them."""

from yiyun.compliance.admission import Admission
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


def every_machine(expression: str, kinds: tuple[str, ...] = MACHINE_KINDS) -> tuple[Admission, ...]:
    """The machine of an object of `kinds` is as `expression` says, in CEL.

    In it `MACHINE` stands for the machine's specification, an optional value, and `PORT` for the annotations of its
    port.
    """
    template = expression.replace("MACHINE", "object.?spec.?template.?spec").replace(
        "PORT", "dyn(object.spec.template).?metadata.?annotations"
    )
    instance = expression.replace("MACHINE", "object.?spec").replace("PORT", "object.metadata.?annotations")
    return (
        Admission(template, tuple(kind for kind in kinds if kind != INSTANCE), name="template"),
        Admission(instance, (INSTANCE,), name="instance", parts=("spec", "metadata.annotations")),
    )
