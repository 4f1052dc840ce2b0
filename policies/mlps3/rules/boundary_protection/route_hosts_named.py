"""Gateways let in requests for named hosts only."""

from collections.abc import Iterator

from yiyun.compliance import Finding, NotApplicable, Object, Severity, Unevaluated, World, rule
from yiyun.compliance.routes import GATEWAY, HTTP_ROUTES, redirects_only


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.3.2-e",),
    kinds=HTTP_ROUTES,
    scope="objects",
    title_zh="网关路由须限定域名",
    title_en="Gateways let in requests for named hosts only",
    rationale="A route without a name takes whatever is sent to the address: the boundary then controls a port, not what is asked for.",
    remediation="give the route hostnames, or every listener that it names a hostname",
    references=("Gateway API: HTTPRoute, hostnames",),
)
def route_hosts_named(obj: Object, world: World) -> Iterator[Finding]:
    if redirects_only(obj):
        raise NotApplicable("only redirects")
    if obj.spec.texts("hostnames"):
        return
    for reference in obj.spec.maps("parentRefs"):
        if reference.text("kind") not in ("", "Gateway"):
            continue
        gateway = world.get(GATEWAY, reference.text("namespace") or obj.namespace, reference.text("name"))
        if gateway is None:
            raise Unevaluated(f"{reference.at('name')}: the gateway is not in the input")
        section = reference.text("sectionName")
        for listener in gateway.elsewhere.map("spec").maps("listeners"):
            if section in ("", listener.text("name")) and not listener.text("hostname"):
                text = f"takes requests for every host at listener {listener.text('name')}"
                yield Finding(text, obj.spec.at("hostnames"))
