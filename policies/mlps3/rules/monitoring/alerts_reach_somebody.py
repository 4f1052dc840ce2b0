"""Every alarm has somebody who gets it."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Map, Object, Severity, Unevaluated, rule

DEEPEST = 20


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.5.4-f", "8.2.3.2-d"),
    kinds=("monitoring.coreos.com/AlertmanagerConfig",),
    title_zh="告警有人接收",
    title_en="Every alarm has somebody who gets it",
    rationale="An alarm that is routed to a receiver without an address was never raised.",
    remediation="give every receiver that a route names a configuration (webhook, mail, WeChat, ...)",
    references=("Prometheus Operator: AlertmanagerConfig",),
)
def alerts_reach_somebody(obj: Object) -> Iterator[Finding]:
    deaf = {
        each.text("name")
        for each in obj.spec.maps("receivers")
        if not any(key.endswith("Configs") and each.items(key) for key in each.keys())  # noqa: SIM118
    }
    known = {each.text("name") for each in obj.spec.maps("receivers")}
    route = obj.spec.map("route")
    if not route.text("receiver"):
        yield Finding("names no receiver", route.at("receiver"))
    for each in _routes(route, 0):
        name = each.text("receiver")
        if name and (name in deaf or name not in known):
            what = "has no address" if name in deaf else "does not exist"
            yield Finding(f"the receiver {name} {what}", each.at("receiver"), name)


def _routes(route: Map, depth: int) -> Iterator[Map]:
    if depth > DEEPEST:
        raise Unevaluated(f"{route.path}: routes lie deeper than {DEEPEST}")
    yield route
    for inner in route.maps("routes"):
        yield from _routes(inner, depth + 1)
