"""Nobody but the break-glass group is bound to cluster-admin."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.2-d",),
    kinds=("rbac.authorization.k8s.io/ClusterRoleBinding", "rbac.authorization.k8s.io/RoleBinding"),
    title_zh="不得绑定cluster-admin角色",
    title_en="Nobody but the break-glass group is bound to cluster-admin",
    rationale=(
        "cluster-admin may do everything, auditing and granting included; the standard wants these separated and "
        "each right as small as its task."
    ),
    remediation="Bind a role that names what the subject needs; keep cluster-admin for the group system:masters.",
    references=("Kubernetes: Role Based Access Control Good Practices",),
    admission=Admission(
        "object.roleRef.name != 'cluster-admin' || object.roleRef.kind == 'Role'"
        " || object.?subjects.orValue([]).all(s, s.kind == 'Group' && s.name == 'system:masters')",
        parts=("roleRef", "subjects"),
    ),
)
def rbac_cluster_admin(obj: Object) -> Iterator[Finding]:
    role = obj.root.map("roleRef")
    if role.text("name") != "cluster-admin" or role.text("kind") == "Role":
        return
    for subject in obj.root.maps("subjects"):
        if (subject.text("kind"), subject.text("name")) != ("Group", "system:masters"):
            text = f"binds cluster-admin to {subject.text('kind')} {subject.text('name')}"
            yield Finding(text, subject.path, subject.text("name"))
