"""A record of a gateway tells when, who, what and with what outcome."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule
from yiyun.compliance.admission import cel

WANTED = {
    "when": ("%START_TIME",),
    "who": ("%DOWNSTREAM_REMOTE_ADDRESS", "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS", "%REQ(X-FORWARDED-FOR"),
    "what": ("%REQ(:PATH", "%REQ(X-ENVOY-ORIGINAL-PATH"),
    "how": ("%REQ(:METHOD",),
    "with what outcome": ("%RESPONSE_CODE%",),
}


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.3.5-b",),
    kinds=("gateway.envoyproxy.io/EnvoyProxy",),
    title_zh="网关日志包含时间、来源、对象和结果",
    title_en="A record of a gateway tells when, who, what and with what outcome",
    rationale="A record without one of these answers no question.",
    remediation="give every format of spec.telemetry.accessLog the operators that the finding names",
    references=("Envoy Gateway: EnvoyProxy, telemetry.accessLog",),
    admission=Admission(
        "object.?spec.?telemetry.?accessLog.?settings.orValue([]).all(s, !has(s.format) || dyn(s.format) == {} || ("
        + " && ".join(
            f"{cel(operators)}.exists(o, s.format.?text.orValue('').contains(o)"
            " || s.format.?json.orValue({}).exists(k, s.format.json[k].contains(o)))"
            for operators in WANTED.values()
        )
        + "))"
    ),
)
def gateway_log_fields(obj: Object) -> Iterator[Finding]:
    for setting in obj.spec.walk("telemetry.accessLog").maps("settings"):
        form = setting.map("format")
        if not form:
            continue  # Envoy Gateway's own format has all of them
        said = " ".join([form.text("text"), *form.text_map("json").values()])
        for what, operators in WANTED.items():
            if not any(operator in said for operator in operators):
                yield Finding(f"does not tell {what} ({' or '.join(operators)})", form.path)
