"""No Secret stands in a stack or a manifest."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.8-b",),
    kinds=("Secret",),
    title_zh="清单中不得写入密钥内容",
    title_en="No Secret stands in a stack or a manifest",
    rationale=(
        "What stands in a manifest stands in the repository, the state, the plan and the logs, in plain text or "
        "base64, for ever."
    ),
    remediation=("Refer to the Secret by name; make it with  ./yiyun secrets init  or from a key management system."),
    references=("Kubernetes: Good practices for Kubernetes Secrets",),
)
def secret_inline(obj: Object) -> Iterator[Finding]:
    for field in ("data", "stringData"):
        held = obj.root.map(field)
        for key, value in held.data.items():
            if value not in (None, ""):
                yield Finding(f"holds a value for {key}", held.at(key))
