"""No container runs privileged."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule
from yiyun.compliance.admission import every_container
from yiyun.compliance.pods import POD_KINDS, pod


@rule(
    severity=Severity.CRITICAL,
    baseline="kubernetes-pss-baseline:privileged-containers",
    kinds=POD_KINDS,
    title_zh="容器不得以特权模式运行",
    title_en="No container runs privileged",
    rationale=(
        "A privileged container has all devices and capabilities of its host: whoever controls it controls every "
        "tenant's workload on that host."
    ),
    remediation=("Remove securityContext.privileged, and add only the capability or device that the program needs."),
    references=("Kubernetes: Pod Security Standards, Baseline",),
    admission=every_container("!c.?securityContext.?privileged.orValue(false)"),
)
def pod_privileged(obj: Object) -> Iterator[Finding]:
    for container in pod(obj).containers:
        if container.security.flag("privileged"):
            yield Finding(f"{container.name} is privileged", container.security.at("privileged"), True)
