"""Nobody enters the pods and machines of all tenants."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, World, rule
from yiyun.compliance.grants import BINDING, granting, persons

WAYS_IN = (
    (
        "",
        ("pods/attach", "pods/ephemeralcontainers", "pods/exec", "pods/portforward"),
        ("create", "get", "patch", "update"),
    ),
    ("subresources.kubevirt.io", ("virtualmachineinstances/console", "virtualmachineinstances/vnc"), ("get",)),
)


@rule(
    severity=Severity.HIGH,
    clauses=("8.2.4.5-b", "8.1.4.2-d"),
    kinds=(BINDING,),
    scope="objects",
    title_zh="运维人员不得进入所有租户的容器和虚拟机",
    title_en="Nobody enters the pods and machines of all tenants",
    rationale="Who enters a tenant's pod or console reads and changes its data, with no trace inside.",
    remediation="bind the role by a RoleBinding in one namespace, for as long as the tenant has consented",
)
def rbac_tenants_exec(obj: Object, world: World) -> Iterator[Finding]:
    for subject in persons(obj):
        for group, resources, verbs in WAYS_IN:
            if found := granting(world, obj, group, resources, verbs):
                text = f"{subject.text('kind')} {subject.text('name')} has {found} in every namespace"
                yield Finding(text, subject.path, subject.text("name"))
