"""Every namespace of the platform denies traffic that no policy allows."""

from collections.abc import Iterator

from yiyun.compliance import Enforcement, Finding, NotApplicable, Object, Severity, World, rule
from yiyun.compliance.namespaces import of_platform
from yiyun.compliance.network_policies import open_directions


@rule(
    severity=Severity.MEDIUM,
    enforcement=Enforcement.ADVISORY,
    clauses=("8.1.3.2-a",),
    kinds=("Namespace",),
    scope="objects",
    title_zh="平台命名空间默认拒绝网络访问",
    title_en="Every namespace of the platform denies traffic that no policy allows",
    rationale=(
        "Controllers hold wide rights; who reaches their ports is halfway there. Their namespaces are guarded by "
        "Pod Security and RBAC first."
    ),
    remediation=(
        "Add a NetworkPolicy with podSelector {} and policyTypes [Ingress, Egress] and no rules, then policies "
        "for webhooks, metrics and the API server."
    ),
)
def platform_default_deny(obj: Object, world: World) -> Iterator[Finding]:
    if not of_platform(obj, world.site):
        raise NotApplicable("not a namespace of the platform (see namespace_default_deny)")
    for direction in open_directions(world, obj.name):
        yield Finding(f"no NetworkPolicy for all of its pods denies {direction} by default")
