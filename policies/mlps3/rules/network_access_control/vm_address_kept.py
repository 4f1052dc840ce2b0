"""A machine keeps its address wherever it runs. Rule vm_security_group sees to what hangs on its port."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule
from yiyun.compliance.machines import every_machine, port_annotations


@rule(
    severity=Severity.HIGH,
    clauses=("8.2.4.2-a",),
    kinds=("kubevirt.io/VirtualMachine", "kubevirt.io/VirtualMachineInstance"),
    title_zh="虚拟机迁移后地址不变",
    title_en="A machine keeps its address wherever it runs",
    rationale=(
        "Rules of others name a machine by its address; one that gets a new address on the next host leaves them behind."
    ),
    remediation="annotate the template with ovn.kubernetes.io/ip_address (address of the vm in site.yaml)",
    admission=every_machine(
        "PORT[?'ovn.kubernetes.io/ip_address'].orValue('').matches('[^, ]')",
        ("kubevirt.io/VirtualMachine", "kubevirt.io/VirtualMachineInstance"),
    ),
)
def vm_address_kept(obj: Object) -> Iterator[Finding]:
    annotations = port_annotations(obj)
    if not annotations.text("ovn.kubernetes.io/ip_address").strip(", "):
        yield Finding("has no ip_address of its own", annotations.at("ovn.kubernetes.io/ip_address"))
