"""Every virtual machine is guarded by a security group."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule
from yiyun.compliance.machines import MACHINE_KINDS, every_machine, port_annotations


@rule(
    severity=Severity.HIGH,
    clauses=("8.2.3.1-a", "8.1.3.2-a", "8.2.4.2-a"),
    kinds=MACHINE_KINDS,
    title_zh="虚拟机必须绑定安全组",
    title_en="Every virtual machine is guarded by a security group",
    rationale=(
        "A port without a security group lets everything of its VPC in and out; without port security it may take "
        "over a neighbour's address."
    ),
    remediation=(
        "Annotate the machine's template with ovn.kubernetes.io/security_groups and "
        'ovn.kubernetes.io/port_security: "true" (site.yaml: security_groups of the vm).'
    ),
    references=("Kube-OVN: SecurityGroup Usage",),
    admission=every_machine(
        "PORT[?'ovn.kubernetes.io/security_groups'].orValue('').matches('[^, ]')"
        " && PORT[?'ovn.kubernetes.io/port_security'].orValue('').matches('^[, ]*true[, ]*$')"
    ),
)
def vm_security_group(obj: Object) -> Iterator[Finding]:
    annotations = port_annotations(obj)
    for name, wanted in (("security_groups", None), ("port_security", "true")):
        found = annotations.text(f"ovn.kubernetes.io/{name}").strip(", ")
        if not found or wanted not in (None, found):
            text = f"{name} is {found}" if found else f"has no {name}"
            yield Finding(text, annotations.at(f"ovn.kubernetes.io/{name}"), found or None)
