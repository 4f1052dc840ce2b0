"""Serving containers say whether they are well."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Enforcement, Finding, Object, Severity, rule
from yiyun.compliance.pods import SERVING_KINDS, pod


@rule(
    severity=Severity.LOW,
    enforcement=Enforcement.ADVISORY,
    clauses=("8.1.2.1-e",),
    kinds=SERVING_KINDS,
    title_zh="服务容器须有健康探针",
    title_en="Serving containers say whether they are well",
    rationale=(
        "Without a readiness probe requests go to a container that cannot answer; without a liveness probe one "
        "that hangs hangs for ever."
    ),
    remediation="Add readinessProbe and livenessProbe to every container that has ports.",
    references=("Kubernetes: Configure Liveness, Readiness and Startup Probes",),
    admission=Admission(
        "variables.pod.containers.all(c, size(c.?ports.orValue([])) == 0"
        " || (has(c.readinessProbe) && has(c.livenessProbe)))"
    ),
)
def workload_probes(obj: Object) -> Iterator[Finding]:
    for container in pod(obj).serving:
        if container.facts.items("ports"):
            for probe in ("readinessProbe", "livenessProbe"):
                if not container.facts.map(probe):
                    yield Finding(f"{container.name} has no {probe}", container.facts.at(probe))
