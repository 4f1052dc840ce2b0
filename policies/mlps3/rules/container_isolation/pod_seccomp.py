"""Every container runs under a seccomp profile."""

from collections.abc import Iterator

from yiyun.compliance import Enforcement, Finding, NotApplicable, Object, Severity, rule
from yiyun.compliance.admission import WINDOWS, every_container
from yiyun.compliance.pods import POD_KINDS, pod


@rule(
    severity=Severity.MEDIUM,
    enforcement=Enforcement.ADVISORY,
    baseline="kubernetes-pss-restricted:seccomp",
    kinds=POD_KINDS,
    title_zh="容器使用seccomp系统调用过滤",
    title_en="Every container runs under a seccomp profile",
    rationale="The runtime's profile takes away the system calls by which most container escapes begin.",
    remediation="Set securityContext.seccompProfile.type to RuntimeDefault in the pod.",
    references=("Kubernetes: Pod Security Standards, Restricted",),
    admission=every_container(
        "(c.?securityContext.?seccompProfile.hasValue() ? c.?securityContext.?seccompProfile.?type"
        " : variables.pod.?securityContext.?seccompProfile.?type).orValue('') in ['RuntimeDefault', 'Localhost']",
        but=WINDOWS,
    ),
)
def pod_seccomp(obj: Object) -> Iterator[Finding]:
    found = pod(obj)
    if found.windows:
        raise NotApplicable("a Windows pod has no seccomp")
    for container in found.containers:
        holder = container.security if container.security.has("seccompProfile") else found.security
        profile = holder.map("seccompProfile")
        kind = profile.text("type")
        if kind not in ("RuntimeDefault", "Localhost"):
            yield Finding(f"{container.name} has seccomp profile {kind or 'none'}", profile.at("type"), kind or None)
