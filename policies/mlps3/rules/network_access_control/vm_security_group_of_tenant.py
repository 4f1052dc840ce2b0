"""Machines are guarded by groups of their own tenant."""

from collections.abc import Iterator

from yiyun.compliance import Finding, NotApplicable, Object, Severity, Unevaluated, World, rule
from yiyun.compliance.machines import MACHINE_KINDS, port_annotations
from yiyun.site.labels import TENANT


@rule(
    severity=Severity.HIGH,
    clauses=("8.2.4.2-b", "8.2.2.1-d"),
    kinds=MACHINE_KINDS,
    scope="objects",
    title_zh="虚拟机由其租户自己的安全组保护",
    title_en="Machines are guarded by groups of their own tenant",
    rationale="Whose group it is decides who may reach the machine: that is the tenant, not a neighbour.",
    remediation="name groups of the tenant's own VPC in security_groups of the vm",
)
def vm_security_group_of_tenant(obj: Object, world: World) -> Iterator[Finding]:
    if not world.all("kubeovn.io/SecurityGroup"):
        raise NotApplicable("the input has no security groups to compare with")
    annotations = port_annotations(obj)
    tenant = obj.labels.text(TENANT) or obj.namespace
    key = "ovn.kubernetes.io/security_groups"
    for name in filter(None, (part.strip() for part in annotations.text(key).split(","))):
        group = world.get("kubeovn.io/SecurityGroup", "", name)
        if group is None:
            continue  # rule vm_security_group_exists
        owner = group.elsewhere.walk("metadata.labels").text(TENANT)
        if not owner:
            raise Unevaluated(f"whose the security group {name} is, it does not say")
        if owner != tenant:
            yield Finding(
                f"security group {name} belongs to {owner}, the machine to {tenant}", annotations.at(key), name
            )
