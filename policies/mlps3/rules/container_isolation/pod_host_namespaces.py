"""No pod shares the process or IPC namespace of its host."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule
from yiyun.compliance.pods import POD_KINDS, pod


@rule(
    severity=Severity.HIGH,
    baseline="kubernetes-pss-baseline:host-namespaces",
    kinds=POD_KINDS,
    title_zh="容器组不得共用主机的进程或IPC命名空间",
    title_en="No pod shares the process or IPC namespace of its host",
    rationale=("With the host's processes in view a container can read their environment and memory, and signal them."),
    remediation="Remove hostPID and hostIPC from the pod.",
    references=("Kubernetes: Pod Security Standards, Baseline",),
    admission=Admission("!variables.pod.?hostPID.orValue(false) && !variables.pod.?hostIPC.orValue(false)"),
)
def pod_host_namespaces(obj: Object) -> Iterator[Finding]:
    spec = pod(obj).spec
    for field in ("hostPID", "hostIPC"):
        if spec.flag(field):
            yield Finding(f"{field} is on", spec.at(field), True)
