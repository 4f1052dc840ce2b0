"""No role allows everything by a wildcard."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule
from yiyun.compliance.kubernetes_roles import is_own, is_own_in_cel

FIELDS = ("verbs", "resources", "nonResourceURLs")


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
    admission=Admission(
        f"optional.ofNonZeroValue(object.rules).orValue([]).all(r, {is_own_in_cel('r')} || "
        + " && ".join(f"!('*' in r.?{field}.orValue([]))" for field in FIELDS)
        + ")",
        parts=("rules",),
    ),
)
def rbac_wildcard(obj: Object) -> Iterator[Finding]:
    for granted in obj.root.maps("rules"):
        if is_own(obj, granted):
            continue
        for field in FIELDS:
            if "*" in granted.texts(field):
                yield Finding(f"{field} is *", granted.at(field), "*")
