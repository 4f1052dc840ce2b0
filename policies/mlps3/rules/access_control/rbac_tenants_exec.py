"""Nobody enters the pods and machines of all tenants."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, World, rule
from yiyun.compliance.grants import BINDING, over_all_tenants

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
    references=("Kubernetes: Role Based Access Control Good Practices",),
)
def rbac_tenants_exec(obj: Object, world: World) -> Iterator[Finding]:
    yield from over_all_tenants(obj, world, WAYS_IN)
