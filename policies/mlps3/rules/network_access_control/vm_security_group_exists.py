"""Security groups that machines name exist."""

from collections.abc import Iterator

from yiyun.compliance import Finding, NotApplicable, Object, Severity, World, rule
from yiyun.compliance.machines import MACHINE_KINDS, port_annotations


@rule(
    severity=Severity.HIGH,
    clauses=("8.2.3.1-a",),
    kinds=MACHINE_KINDS,
    scope="objects",
    title_zh="虚拟机引用的安全组必须存在",
    title_en="Security groups that machines name exist",
    rationale=(
        "Kube-OVN leaves a port open whose security groups do not exist: a misspelled name is no protection at all."
    ),
    remediation="Correct the name in ovn.kubernetes.io/security_groups, or add the SecurityGroup.",
)
def vm_security_group_exists(obj: Object, world: World) -> Iterator[Finding]:
    if not world.all("kubeovn.io/SecurityGroup"):
        raise NotApplicable("the input has no security groups to compare with")
    annotations = port_annotations(obj)
    key = "ovn.kubernetes.io/security_groups"
    for name in filter(None, (part.strip() for part in annotations.text(key).split(","))):
        if world.get("kubeovn.io/SecurityGroup", "", name) is None:
            yield Finding(f"security group {name} does not exist", annotations.at(key), name)
