"""No role lets its holder give himself more rights."""

from collections.abc import Iterator

from yiyun.compliance import Enforcement, Finding, Object, Severity, rule

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
)
def rbac_escalation(obj: Object) -> Iterator[Finding]:
    for granted in obj.root.maps("rules"):
        if granted.texts("resourceNames"):
            continue
        for verb in granted.texts("verbs"):
            if verb in VERBS:
                yield Finding(f"grants {verb}", granted.at("verbs"), verb)
