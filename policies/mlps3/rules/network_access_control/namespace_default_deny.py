"""Every namespace denies traffic that no policy allows."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, World, rule
from yiyun.compliance.network_policies import open_directions


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.3.2-a", "8.1.2.1-d", "8.1.3.1-c"),
    kinds=("Namespace",),
    scope="objects",
    title_zh="命名空间默认拒绝网络访问",
    title_en="Every namespace denies traffic that no policy allows",
    rationale=(
        "Pods without a policy talk to everybody in both directions; the standard wants only what is allowed to pass."
    ),
    remediation=(
        "Add a NetworkPolicy with podSelector {} and policyTypes [Ingress, Egress] and no rules, then policies for "
        "what is wanted."
    ),
    references=("Kubernetes: Network Policies, default policies",),
)
def namespace_default_deny(obj: Object, world: World) -> Iterator[Finding]:
    for direction in open_directions(world, obj.name):
        yield Finding(f"no NetworkPolicy for all of its pods denies {direction} by default")
