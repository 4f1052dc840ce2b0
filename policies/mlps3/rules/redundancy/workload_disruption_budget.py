"""Drains leave replicas running."""

from collections.abc import Iterator

from yiyun.compliance import Enforcement, Finding, NotApplicable, Object, Severity, World, rule
from yiyun.compliance.pods import REPLICATED_KINDS, pod_labels


@rule(
    severity=Severity.MEDIUM,
    enforcement=Enforcement.ADVISORY,
    clauses=("8.1.2.1-e",),
    kinds=REPLICATED_KINDS,
    scope="objects",
    title_zh="多副本工作负载须有中断预算",
    title_en="Drains leave replicas running",
    rationale="Without a budget the maintenance of several hosts at once evicts all replicas at once.",
    remediation="Add a PodDisruptionBudget that selects the pods, with maxUnavailable 1.",
    references=("Kubernetes: Specifying a Disruption Budget for your Application",),
)
def workload_disruption_budget(obj: Object, world: World) -> Iterator[Finding]:
    replicas = obj.spec.number("replicas")
    if (1 if replicas is None else replicas) < 2:
        raise NotApplicable("one replica")
    labels = pod_labels(obj)
    if not world.selecting("policy/PodDisruptionBudget", obj.namespace, "spec.selector", labels):
        yield Finding(f"no PodDisruptionBudget selects its {replicas} replicas")
