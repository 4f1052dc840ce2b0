"""Containers cannot write to their own image."""

from collections.abc import Iterator

from yiyun.compliance import Enforcement, Finding, Object, Severity, rule
from yiyun.compliance.admission import every_container
from yiyun.compliance.pods import POD_KINDS, pod


@rule(
    severity=Severity.LOW,
    enforcement=Enforcement.ADVISORY,
    baseline="nsa-kubernetes-hardening:immutable-file-system",
    kinds=POD_KINDS,
    title_zh="容器根文件系统只读",
    title_en="Containers cannot write to their own image",
    rationale="Where the root file system cannot be written, malware cannot install itself in it.",
    remediation=("Set securityContext.readOnlyRootFilesystem to true and mount an emptyDir where the program writes."),
    references=(
        "NSA and CISA: Kubernetes Hardening Guide",
        "Kubernetes: Configure a Security Context for a Pod or Container",
    ),
    admission=every_container("c.?securityContext.?readOnlyRootFilesystem.orValue(false)"),
)
def pod_read_only_root(obj: Object) -> Iterator[Finding]:
    for container in pod(obj).containers:
        chosen = container.security.flag("readOnlyRootFilesystem")
        if not chosen:
            text = f"{container.name} can write to its image"
            yield Finding(text, container.security.at("readOnlyRootFilesystem"), chosen)
