"""Replicas run on different hosts and zones."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Enforcement, Finding, NotApplicable, Object, Severity, rule
from yiyun.compliance.pods import REPLICATED_KINDS, pod

APART = ("requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution")


@rule(
    severity=Severity.MEDIUM,
    enforcement=Enforcement.ADVISORY,
    clauses=("8.1.2.1-e",),
    kinds=REPLICATED_KINDS,
    title_zh="多副本工作负载须分散部署",
    title_en="Replicas run on different hosts and zones",
    rationale="Replicas that share a host or a zone are lost together.",
    remediation="Set topologySpreadConstraints over topology.kubernetes.io/zone, or pod anti-affinity.",
    references=("Kubernetes: Pod Topology Spread Constraints",),
    admission=Admission(
        "object.?spec.?replicas.orValue(1) < 2 || size(variables.pod.?topologySpreadConstraints.orValue([])) > 0"
        + "".join(f" || size(variables.pod.?affinity.?podAntiAffinity.?{key}.orValue([])) > 0" for key in APART)
    ),
)
def workload_topology_spread(obj: Object) -> Iterator[Finding]:
    replicas = obj.spec.number("replicas")
    if (1 if replicas is None else replicas) < 2:
        raise NotApplicable("one replica")
    spec = pod(obj).spec
    affinity = spec.walk("affinity.podAntiAffinity")
    if not (spec.items("topologySpreadConstraints") or any(affinity.items(key) for key in APART)):
        text = f"nothing keeps its {replicas} replicas apart"
        yield Finding(text, spec.at("topologySpreadConstraints"))
