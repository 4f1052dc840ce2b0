"""Gateways record every request."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.3.5-a",),
    kinds=("gateway.envoyproxy.io/EnvoyProxy",),
    title_zh="网关记录全部访问",
    title_en="Gateways record every request",
    rationale="What passes the boundary unrecorded cannot be enquired into.",
    remediation="take disable and matches out of spec.telemetry.accessLog",
    references=("Envoy Gateway: EnvoyProxy, telemetry.accessLog",),
    admission=Admission(
        "!object.?spec.?telemetry.?accessLog.?disable.orValue(false)"
        " && (size(object.?spec.?telemetry.?accessLog.?settings.orValue([])) == 0"
        " || object.spec.telemetry.accessLog.settings.exists(s, size(s.?matches.orValue([])) == 0))"
    ),
)
def gateway_access_log(obj: Object) -> Iterator[Finding]:
    log = obj.spec.walk("telemetry.accessLog")
    if log.flag("disable"):
        yield Finding("records no request", log.at("disable"), True)
    settings = log.maps("settings")
    if settings and all(each.items("matches") for each in settings):
        yield Finding("records only requests that match an expression", settings[0].at("matches"))
