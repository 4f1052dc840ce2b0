"""Nobody reads the Secrets of all tenants."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, World, rule
from yiyun.compliance.grants import BINDING, over_all_tenants

READING = (("", ("secrets",), ("get", "list", "watch")),)


@rule(
    severity=Severity.HIGH,
    clauses=("8.2.4.5-b", "8.1.4.2-d"),
    kinds=(BINDING,),
    scope="objects",
    title_zh="运维人员不得读取所有租户的机密",
    title_en="Nobody reads the Secrets of all tenants",
    rationale="Passwords and keys of a tenant open its data; the provider gets them with the tenant's consent only.",
    remediation="bind the role by a RoleBinding in the namespace that the person works in, or take secrets out of it",
    references=("Kubernetes: Role Based Access Control Good Practices",),
)
def rbac_tenants_secrets(obj: Object, world: World) -> Iterator[Finding]:
    yield from over_all_tenants(obj, world, READING)
