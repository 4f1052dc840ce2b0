"""Virtual machines of KubeVirt as rules see them."""

from yiyun.compliance.facts import Map, Object

INSTANCE = "kubevirt.io/VirtualMachineInstance"
MACHINE_KINDS = ("kubevirt.io/VirtualMachine", INSTANCE, "kubevirt.io/VirtualMachineInstanceReplicaSet")
"""Kinds that run machines."""


def machine_spec(obj: Object) -> Map:
    """The specification of the machine itself."""
    return obj.spec if obj.id == INSTANCE else obj.spec.walk("template.spec")


def port_annotations(obj: Object) -> Map:
    """Annotations that Kube-OVN reads for the machine's port."""
    return obj.annotations if obj.id == INSTANCE else obj.spec.walk("template.metadata.annotations")
