"""No role allows everything by a wildcard."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.2-d",),
    kinds=("rbac.authorization.k8s.io/ClusterRole", "rbac.authorization.k8s.io/Role"),
    title_zh="角色不得使用通配符授权",
    title_en="No role allows everything by a wildcard",
    rationale=(
        "A wildcard grants what exists today and whatever is installed tomorrow, Secrets and the right to grant "
        "included."
    ),
    remediation="Name the resources and the verbs that the holder needs.",
    references=("Kubernetes: Role Based Access Control Good Practices",),
)
def rbac_wildcard(obj: Object) -> Iterator[Finding]:
    for granted in obj.root.maps("rules"):
        for field in ("verbs", "resources", "nonResourceURLs"):
            if "*" in granted.texts(field):
                yield Finding(f"{field} is *", granted.at(field), "*")
