"""No process of a container gains more rights than its parent."""

from collections.abc import Iterator

from yiyun.compliance import Finding, NotApplicable, Object, Severity, rule
from yiyun.compliance.admission import WINDOWS, every_container
from yiyun.compliance.pods import POD_KINDS, pod


@rule(
    severity=Severity.MEDIUM,
    baseline="kubernetes-pss-restricted:privilege-escalation",
    kinds=POD_KINDS,
    title_zh="容器内进程不得提升权限",
    title_en="No process of a container gains more rights than its parent",
    rationale="Without this a set-user-id program inside the image turns any foothold into root.",
    remediation="Set securityContext.allowPrivilegeEscalation to false in every container; left out, it is true.",
    references=("Kubernetes: Pod Security Standards, Restricted",),
    admission=every_container("!c.?securityContext.?allowPrivilegeEscalation.orValue(true)", but=WINDOWS),
)
def pod_privilege_escalation(obj: Object) -> Iterator[Finding]:
    found = pod(obj)
    if found.windows:
        raise NotApplicable("a Windows pod has no such setting")
    for container in found.containers:
        allowed = container.security.flag("allowPrivilegeEscalation")
        if allowed is not False:
            text = f"{container.name} allows privilege escalation" + ("" if allowed else " (not set: allowed)")
            yield Finding(text, container.security.at("allowPrivilegeEscalation"), allowed)
