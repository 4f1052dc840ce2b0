"""No service account has a token for ever."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.1-a",),
    kinds=("Secret",),
    title_zh="服务账户不得使用永久令牌",
    title_en="No service account has a token for ever",
    rationale="A token without an end, copied once, works until somebody remembers it.",
    remediation="delete the Secret; pods get tokens that end by themselves, persons use kubectl create token",
    references=("Kubernetes: Managing Service Accounts",),
    admission=Admission("object.?type.orValue('') != 'kubernetes.io/service-account-token'", parts=("type",)),
)
def secret_long_token(obj: Object) -> Iterator[Finding]:
    if obj.root.text("type") == "kubernetes.io/service-account-token":
        yield Finding("is a token without an end", "type", "kubernetes.io/service-account-token")
