"""Monitoring hands its alarms on."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.5.4-f",),
    kinds=("monitoring.coreos.com/Prometheus",),
    title_zh="监控已接入告警",
    title_en="Monitoring hands its alarms on",
    rationale="A rule that fires and tells nobody is a note in a drawer.",
    remediation="set alerting.alertmanagers and a ruleSelector of {}",
    references=("Prometheus Operator: Prometheus, alerting",),
)
def monitoring_alerts(obj: Object) -> Iterator[Finding]:
    alerting = obj.spec.map("alerting")
    if not alerting.maps("alertmanagers"):
        yield Finding("knows no Alertmanager", alerting.at("alertmanagers"))
    if not obj.spec.has("ruleSelector"):
        yield Finding("loads no rules: ruleSelector is not set", obj.spec.at("ruleSelector"))
    elif obj.spec.map("ruleSelector"):
        yield Finding("ruleSelector leaves some rules out", obj.spec.at("ruleSelector"))
