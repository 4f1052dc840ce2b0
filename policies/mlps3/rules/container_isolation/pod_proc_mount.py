"""No container sees the unmasked /proc."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule
from yiyun.compliance.admission import every_container
from yiyun.compliance.pods import POD_KINDS, pod


@rule(
    severity=Severity.MEDIUM,
    baseline="kubernetes-pss-baseline:proc-mount",
    kinds=POD_KINDS,
    title_zh="容器不得使用未屏蔽的/proc",
    title_en="No container sees the unmasked /proc",
    rationale="The masked files of /proc tell about the kernel's memory, and some of them change it.",
    remediation="Remove securityContext.procMount.",
    references=("Kubernetes: Pod Security Standards, Baseline",),
    admission=every_container("c.?securityContext.?procMount.orValue('Default') in ['', 'Default']"),
)
def pod_proc_mount(obj: Object) -> Iterator[Finding]:
    for container in pod(obj).containers:
        kind = container.security.text("procMount")
        if kind not in ("", "Default"):
            yield Finding(f"{container.name} has procMount {kind}", container.security.at("procMount"), kind)
