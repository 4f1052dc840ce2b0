"""No container runs as root."""

from collections.abc import Iterator

from yiyun.compliance import Finding, NotApplicable, Object, Severity, rule
from yiyun.compliance.admission import WINDOWS, every_container
from yiyun.compliance.pods import POD_KINDS, pod


@rule(
    severity=Severity.HIGH,
    baseline="kubernetes-pss-restricted:running-as-non-root",
    kinds=POD_KINDS,
    title_zh="容器不得以root身份运行",
    title_en="No container runs as root",
    rationale="Root inside a container is root on its host as soon as anything in between breaks.",
    remediation=(
        "Set securityContext.runAsNonRoot to true (or runAsUser to a number above 0) in the pod or in every container."
    ),
    references=("Kubernetes: Pod Security Standards, Restricted",),
    admission=every_container(
        # The user decides; without one, the promise not to be root. A container's own word goes before the pod's.
        "c.?securityContext.?runAsUser.or(variables.pod.?securityContext.?runAsUser).optMap(user, user != 0).orValue("
        "c.?securityContext.?runAsNonRoot.or(variables.pod.?securityContext.?runAsNonRoot).orValue(false))",
        but=WINDOWS,
    ),
)
def pod_run_as_root(obj: Object) -> Iterator[Finding]:
    found = pod(obj)
    if found.windows:
        raise NotApplicable("a Windows pod has no root user")
    for container in found.containers:
        user_holder = container.security if container.security.has("runAsUser") else found.security
        user = user_holder.number("runAsUser")
        holder = container.security if container.security.has("runAsNonRoot") else found.security
        if user == 0:
            yield Finding(f"{container.name} runs as user 0", user_holder.at("runAsUser"), 0)
        elif user is None and not (promised := holder.flag("runAsNonRoot")):
            yield Finding(f"{container.name} may run as root", container.security.at("runAsNonRoot"), promised)
