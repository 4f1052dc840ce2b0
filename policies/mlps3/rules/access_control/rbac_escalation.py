"""No role lets its holder give himself more rights."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Enforcement, Finding, Object, Severity, rule
from yiyun.compliance.admission import cel
from yiyun.compliance.kubernetes_roles import is_own, is_own_in_cel

VERBS = ("bind", "escalate", "impersonate")


@rule(
    severity=Severity.MEDIUM,
    enforcement=Enforcement.ADVISORY,
    clauses=("8.1.4.2-d",),
    kinds=("rbac.authorization.k8s.io/ClusterRole", "rbac.authorization.k8s.io/Role"),
    title_zh="角色不得允许自行提升权限",
    title_en="No role lets its holder give himself more rights",
    rationale="Who may bind, escalate or impersonate has all rights that exist, whatever else his role says.",
    remediation="Remove these verbs; where an operator needs them, name the exact roles in resourceNames.",
    references=("Kubernetes: Role Based Access Control Good Practices",),
    admission=Admission(
        "optional.ofNonZeroValue(object.rules).orValue([]).all(r, size(r.?resourceNames.orValue([])) > 0"
        f" || {is_own_in_cel('r')} || !r.?verbs.orValue([]).exists(v, v in {cel(VERBS)}))",
        parts=("rules",),
    ),
)
def rbac_escalation(obj: Object) -> Iterator[Finding]:
    for granted in obj.root.maps("rules"):
        if granted.texts("resourceNames") or is_own(obj, granted):
            continue
        for verb in granted.texts("verbs"):
            if verb in VERBS:
                yield Finding(f"grants {verb}", granted.at("verbs"), verb)
