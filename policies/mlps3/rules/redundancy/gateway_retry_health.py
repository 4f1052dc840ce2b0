"""Gateways retry and check the health of what is behind them."""

from collections.abc import Iterator

from yiyun.compliance import Finding, NotApplicable, Object, Severity, World, rule
from yiyun.compliance.routes import GATEWAY, GROUP, HTTP_ROUTES, attachments, policies, redirects_only

FIELDS = (("retry", "retries"), ("healthCheck.active", "active health checks"))


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.2.1-e", "8.1.4.9-c"),
    kinds=(GATEWAY, *HTTP_ROUTES),
    scope="objects",
    title_zh="网关须启用重试与主动健康检查",
    title_en="Gateways retry and check the health of what is behind them",
    rationale=(
        "Without health checks a gateway sends requests to a zone that is gone; without retries each of them is "
        "an error at a patient's bed."
    ),
    remediation=(
        "Add a BackendTrafficPolicy with retry and healthCheck.active whose targetRefs name the Gateway or the route."
    ),
    references=("Envoy Gateway: BackendTrafficPolicy",),
)
def gateway_retry_health(obj: Object, world: World) -> Iterator[Finding]:
    if obj.id == GATEWAY:
        yield from _gateway(obj, world)
        return
    if redirects_only(obj):
        raise NotApplicable("only redirects")
    parents = [
        world.get(GATEWAY, reference.text("namespace") or obj.namespace, reference.text("name"))
        for reference in obj.spec.maps("parentRefs")
        if reference.text("kind") in ("", "Gateway") and reference.text("group") in ("", GROUP)
    ]
    for parent in parents or [None]:
        yield from _missing(obj, parent, world, "")


def _gateway(gateway: Object, world: World) -> Iterator[Finding]:
    routes = {route.resource.label: route for route, _ in attachments(world, gateway)}
    serving = {label: route for label, route in routes.items() if not redirects_only(route)}
    if not serving:
        yield from _missing(gateway, None, world, "")
    for label, route in serving.items():
        yield from _missing(route, gateway, world, f"{label} ")


def _missing(target: Object, gateway: Object | None, world: World, name: str) -> Iterator[Finding]:
    """A policy for a route replaces the one for its gateway, unless it says how both are merged."""
    found = policies(world, target)
    if gateway is not None and (not found or any(p.elsewhere.map("spec").has("mergeType") for p in found)):
        found = found + policies(world, gateway)
    for field, what in FIELDS:
        if not any(policy.elsewhere.map("spec").walk(field) for policy in found):
            yield Finding(f"{name}has no {what}")
