"""Containers say what they need and how much they may take."""

from collections.abc import Iterator

from yiyun.compliance import Enforcement, Finding, Object, Severity, rule
from yiyun.compliance.pods import POD_KINDS, pod


@rule(
    severity=Severity.LOW,
    enforcement=Enforcement.ADVISORY,
    clauses=("8.2.5.1-a",),
    baseline="nsa-kubernetes-hardening:resource-policies",
    kinds=POD_KINDS,
    title_zh="容器须声明资源请求与上限",
    title_en="Containers say what they need and how much they may take",
    rationale=(
        "A container without a memory limit can take its host's memory from everybody; one without requests is "
        "placed blindly."
    ),
    remediation="Set resources.requests.cpu and resources.limits.memory in every container.",
    references=(
        "NSA and CISA: Kubernetes Hardening Guide",
        "Kubernetes: Resource Management for Pods and Containers",
    ),
)
def pod_resource_limits(obj: Object) -> Iterator[Finding]:
    found = pod(obj)
    whole = found.spec.map("resources")
    for container in found.containers:
        if container.role == "ephemeral container":
            continue
        own = container.facts.map("resources")
        for kind, name in (("requests", "cpu"), ("limits", "memory")):
            given = [place.map(part).scalar(name) for place in (own, whole) for part in {kind, "limits"}]
            if all(value is None for value in given):
                yield Finding(f"{container.name} has no {kind}.{name}", own.map(kind).at(name))
