"""Nobody gets rights without saying who he is."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule
from yiyun.compliance.admission import cel

ANONYMOUS = ("system:anonymous", "system:unauthenticated")
# Version and health of the API server; Kubernetes itself grants them to everybody.
PUBLIC_ROLE = "system:public-info-viewer"


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.2-a", "8.1.4.2-d"),
    kinds=("rbac.authorization.k8s.io/ClusterRoleBinding", "rbac.authorization.k8s.io/RoleBinding"),
    title_zh="不得向匿名用户授权",
    title_en="Nobody gets rights without saying who he is",
    rationale="What is granted to unauthenticated users is granted to everybody who reaches the API server.",
    remediation="Remove the subject system:unauthenticated or system:anonymous from the binding.",
    references=("Kubernetes: Role Based Access Control Good Practices",),
    admission=Admission(
        f"object.roleRef.name == '{PUBLIC_ROLE}' || object.?subjects.orValue([]).all(s, !(s.name in {cel(ANONYMOUS)}))",
        parts=("roleRef", "subjects"),
    ),
)
def rbac_anonymous(obj: Object) -> Iterator[Finding]:
    role = obj.root.map("roleRef").text("name")
    for subject in obj.root.maps("subjects"):
        name = subject.text("name")
        if name in ANONYMOUS and role != PUBLIC_ROLE:
            yield Finding(f"binds {role} to {name}", subject.at("name"), name)
