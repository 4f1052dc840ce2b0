"""A machine keeps address and policy wherever it runs."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule
from yiyun.compliance.machines import port_annotations


@rule(
    severity=Severity.HIGH,
    clauses=("8.2.4.2-a",),
    kinds=("kubevirt.io/VirtualMachine", "kubevirt.io/VirtualMachineInstance"),
    title_zh="虚拟机迁移后地址与安全策略不变",
    title_en="A machine keeps address and policy wherever it runs",
    rationale=(
        "Rules of others name a machine by its address, and its own hang on its port; one that gets a new port on the "
        "next host leaves both behind."
    ),
    remediation=(
        "annotate the template with ovn.kubernetes.io/ip_address and ovn.kubernetes.io/security_groups (address and "
        "security_groups of the vm in site.yaml)"
    ),
)
def vm_address_kept(obj: Object) -> Iterator[Finding]:
    annotations = port_annotations(obj)
    for name in ("ip_address", "security_groups"):
        if not annotations.text(f"ovn.kubernetes.io/{name}").strip(", "):
            yield Finding(f"has no {name} of its own", annotations.at(f"ovn.kubernetes.io/{name}"))
