"""No listener takes routes of every namespace."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.2.2.1-b",),
    kinds=("gateway.networking.k8s.io/Gateway",),
    title_zh="网关监听器不接受任意命名空间的路由",
    title_en="No listener takes routes of every namespace",
    rationale="A tenant who may hang a route on another one's listener takes over its requests.",
    remediation="set allowedRoutes.namespaces.from to Same, or to Selector with the namespaces that belong to the tenant",
    references=("Gateway API: Cross-Namespace routing",),
    admission=Admission(
        "object.?spec.?listeners.orValue([]).all(l, l.?allowedRoutes.?namespaces.?from.orValue('') != 'All'"
        " && (l.?allowedRoutes.?namespaces.?from.orValue('') != 'Selector'"
        " || size(l.?allowedRoutes.?namespaces.?selector.?matchLabels.orValue({})) > 0"
        " || size(l.?allowedRoutes.?namespaces.?selector.?matchExpressions.orValue([])) > 0))"
    ),
)
def gateway_open_to_namespaces(obj: Object) -> Iterator[Finding]:
    for listener in obj.spec.maps("listeners"):
        allowed = listener.walk("allowedRoutes.namespaces")
        source, selector = allowed.text("from"), allowed.map("selector")
        wide = source == "Selector" and not (selector.text_map("matchLabels") or selector.maps("matchExpressions"))
        if source == "All" or wide:
            text = f"listener {listener.text('name')} takes routes of every namespace"
            yield Finding(text, allowed.at("selector" if wide else "from"), source)
