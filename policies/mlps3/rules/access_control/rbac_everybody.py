"""No role is bound to all users or all service accounts."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule
from yiyun.compliance.admission import cel

EVERYBODY = ("system:authenticated", "system:serviceaccounts")
# Kubernetes' own roles for everybody: who am I, what APIs are there.
OPEN_ROLES = (
    "system:basic-user", "system:discovery", "system:public-info-viewer", "system:service-account-issuer-discovery",
)  # fmt: skip


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.2-d",),
    kinds=("rbac.authorization.k8s.io/ClusterRoleBinding", "rbac.authorization.k8s.io/RoleBinding"),
    title_zh="不得向全体用户或服务账户授权",
    title_en="No role is bound to all users or all service accounts",
    rationale="What all service accounts may do, every pod may do that somebody broke into.",
    remediation="Bind the role to the one user, group or service account that needs it.",
    references=("Kubernetes: Role Based Access Control Good Practices",),
    admission=Admission(
        f"object.roleRef.name in {cel(OPEN_ROLES)} || object.?subjects.orValue([]).all(s, "
        f"s.kind != 'Group' || !(s.name in {cel(EVERYBODY)}))",
        parts=("roleRef", "subjects"),
    ),
)
def rbac_everybody(obj: Object) -> Iterator[Finding]:
    role = obj.root.map("roleRef").text("name")
    for subject in obj.root.maps("subjects"):
        if subject.text("kind") == "Group" and subject.text("name") in EVERYBODY and role not in OPEN_ROLES:
            yield Finding(f"binds {role} to {subject.text('name')}", subject.at("name"), subject.text("name"))
