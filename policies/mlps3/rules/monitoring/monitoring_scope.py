"""Monitoring sees what every namespace offers."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.5.4-c", "8.2.5.1-d"),
    kinds=("monitoring.coreos.com/Prometheus",),
    title_zh="监控覆盖所有命名空间",
    title_en="Monitoring sees what every namespace offers",
    rationale="What nobody watches fails at night and is noticed by patients.",
    remediation="set serviceMonitorSelector, serviceMonitorNamespaceSelector, podMonitorSelector and podMonitorNamespaceSelector to {}",
    references=("Prometheus Operator: Prometheus, serviceMonitorNamespaceSelector",),
)
def monitoring_scope(obj: Object) -> Iterator[Finding]:
    for key in ("serviceMonitor", "podMonitor"):
        for part in ("Selector", "NamespaceSelector"):
            name = key + part
            if not obj.spec.has(name):
                yield Finding(f"{name} is not set: it watches nothing, or its own namespace only", obj.spec.at(name))
            elif obj.spec.map(name):
                yield Finding(f"{name} leaves some out", obj.spec.at(name))
