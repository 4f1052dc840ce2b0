"""Another namespace is lent named Secrets only."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.2.2.1-b", "8.1.4.2-d"),
    kinds=("gateway.networking.k8s.io/ReferenceGrant",),
    title_zh="跨命名空间引用须指明对象名",
    title_en="Another namespace is lent named Secrets only",
    rationale="A grant without a name lends every certificate and password of the namespace.",
    remediation="name the Secret in spec.to",
    references=("Gateway API: ReferenceGrant",),
    admission=Admission("object.?spec.?to.orValue([]).all(t, t.kind != 'Secret' || t.?name.orValue('') != '')"),
)
def reference_grant_secrets(obj: Object) -> Iterator[Finding]:
    for lent in obj.spec.maps("to"):
        if lent.text("kind") == "Secret" and not lent.text("name"):
            yield Finding("lends every Secret of the namespace", lent.at("name"))
