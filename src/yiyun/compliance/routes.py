"""Gateway API: which routes a listener serves, and which Envoy Gateway policies concern them."""

from typing import NamedTuple

from yiyun.compliance.facts import Map, Object
from yiyun.compliance.world import World, selects

GROUP = "gateway.networking.k8s.io"
GATEWAY = f"{GROUP}/Gateway"
HTTP_ROUTES = (f"{GROUP}/HTTPRoute", f"{GROUP}/GRPCRoute")
POLICY = "gateway.envoyproxy.io/BackendTrafficPolicy"


class Attachment(NamedTuple):
    """A route and the reference by which it asks to be served by a gateway."""

    route: Object
    reference: Map


def attachments(world: World, gateway: Object) -> list[Attachment]:
    """HTTP and gRPC routes that name a gateway as their parent."""
    key = "routes by gateway"
    if key not in world.shared:
        index: dict[tuple[str, str], list[Attachment]] = {}
        for kind in HTTP_ROUTES:
            for route in world.all(kind):
                for reference in route.elsewhere.map("spec").maps("parentRefs"):
                    if reference.text("kind") in ("", "Gateway"):
                        namespace = reference.text("namespace") or route.namespace
                        place = (namespace, reference.text("name"))
                        index.setdefault(place, []).append(Attachment(route, reference))
        world.shared[key] = index
    return world.shared[key].get((gateway.namespace, gateway.name), [])  # type: ignore[no-any-return]


def served(world: World, gateway: Object, listener: Map) -> list[Object]:
    """Routes that a listener serves: they name it or the whole gateway, may attach, and share a host name."""
    allowed = listener.walk("allowedRoutes.namespaces").text("from") or "Same"
    host = listener.text("hostname")
    found = []
    for route, reference in attachments(world, gateway):
        section, port = reference.text("sectionName"), reference.number("port")
        hosts = route.elsewhere.map("spec").texts("hostnames")
        if (
            section in ("", listener.text("name"))
            and port in (None, listener.number("port"))
            and (allowed != "Same" or route.namespace == gateway.namespace)
            and (not host or not hosts or any(_overlap(host, other) for other in hosts))
        ):
            found.append(route)
    return found


def _overlap(first: str, second: str) -> bool:
    """Whether two host names, either of which may begin with `*.`, can both be meant by one request."""
    if first.startswith("*."):
        return second.removeprefix("*").endswith(first[1:]) or (
            second.startswith("*.") and first[1:].endswith(second[1:])
        )
    if second.startswith("*."):
        return first.endswith(second[1:])
    return first == second


def redirects_only(route: Object) -> bool:
    """Whether every rule of a route only redirects to https."""
    rules = route.elsewhere.map("spec").maps("rules")
    return bool(rules) and all(
        any(
            part.text("type") == "RequestRedirect" and part.map("requestRedirect").text("scheme") == "https"
            for part in rule.maps("filters")
        )
        for rule in rules
    )


def policies(world: World, target: Object) -> list[Object]:
    """BackendTrafficPolicies of Envoy Gateway that target a gateway or a route, by name or by label."""
    key = "policies by target"
    if key not in world.shared:
        index: dict[tuple[str, str, str], list[Object]] = {}
        by_label: dict[tuple[str, str], list[Object]] = {}
        for policy in world.all(POLICY):
            spec = policy.elsewhere.map("spec")
            single = [spec.map("targetRef")] if spec.has("targetRef") else []
            for reference in (*spec.maps("targetRefs"), *single):
                place = (policy.namespace, reference.text("kind"), reference.text("name"))
                index.setdefault(place, []).append(policy)
            for selector in spec.maps("targetSelectors"):
                by_label.setdefault((policy.namespace, selector.text("kind")), []).append(policy)
        world.shared[key] = (index, by_label)
    index, by_label = world.shared[key]
    kind = target.resource.kind
    found = list(index.get((target.namespace, kind, target.name), []))
    labels = target.elsewhere.map("metadata").text_map("labels")
    for policy in by_label.get((target.namespace, kind), []):
        selectors = policy.elsewhere.map("spec").maps("targetSelectors")
        if any(selector.text("kind") == kind and selects(selector, labels) for selector in selectors):
            found.append(policy)
    return found
