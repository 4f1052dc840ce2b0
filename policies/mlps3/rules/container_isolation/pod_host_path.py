"""No pod mounts a path of its host."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule
from yiyun.compliance.pods import POD_KINDS, pod


@rule(
    severity=Severity.HIGH,
    baseline="kubernetes-pss-baseline:host-path-volumes",
    kinds=POD_KINDS,
    title_zh="容器组不得挂载主机路径",
    title_en="No pod mounts a path of its host",
    rationale=(
        "A host path gives a container the host's files: credentials of the kubelet, other pods' volumes, the "
        "container runtime's socket."
    ),
    remediation=("Use a PersistentVolumeClaim, an emptyDir, a ConfigMap or a projected volume instead of hostPath."),
    references=("Kubernetes: Pod Security Standards, Baseline",),
    admission=Admission("!variables.pod.?volumes.orValue([]).exists(v, has(v.hostPath))"),
)
def pod_host_path(obj: Object) -> Iterator[Finding]:
    for volume in pod(obj).spec.maps("volumes"):
        if volume.has("hostPath"):
            host_path = volume.map("hostPath")
            path = host_path.text("path")
            yield Finding(f"volume {volume.text('name')} is host path {path}", host_path.at("path"), path)
