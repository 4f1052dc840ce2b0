"""Every namespace says which Pod Security level it enforces."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule
from yiyun.site.labels import TENANT

ENFORCE = "pod-security.kubernetes.io/enforce"
LEVELS = ("restricted", "baseline", "privileged")
LEVEL = f"object.metadata.?labels[?'{ENFORCE}'].orValue('')"


@rule(
    severity=Severity.HIGH,
    baseline="kubernetes-pod-security:enforced-level",
    kinds=("Namespace",),
    title_zh="命名空间必须声明容器安全级别",
    title_en="Every namespace says which Pod Security level it enforces",
    rationale=(
        "Without a level the API server takes any pod, privileged ones included; a tenant's namespace must refuse "
        "those."
    ),
    remediation=(
        "Label the namespace pod-security.kubernetes.io/enforce: restricted (or baseline); only namespaces of the "
        "platform may say privileged."
    ),
    references=("Kubernetes: Pod Security Admission",),
    admission=Admission(
        f"{LEVEL} in ['restricted', 'baseline'] || ({LEVEL} == 'privileged'"
        f" && object.metadata.?labels[?'{TENANT}'].orValue('') == '')",
        parts=("metadata.labels",),
    ),
)
def namespace_pod_security(obj: Object) -> Iterator[Finding]:
    labels = obj.labels
    level = labels.text(ENFORCE)
    if level not in LEVELS:
        yield Finding(
            f"enforces no Pod Security level (label is {level or 'absent'})", labels.at(ENFORCE), level or None
        )
    elif level == "privileged" and labels.text(TENANT):
        yield Finding("a tenant's namespace lets privileged pods in", labels.at(ENFORCE), level)
