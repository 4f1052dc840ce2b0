"""Listeners of gateways speak TLS, or only redirect to it."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Map, NeedsPerson, Object, Severity, World, rule
from yiyun.compliance.routes import GATEWAY, redirects_only, served


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.2.2-b", "8.1.4.8-a", "8.1.2.2-a"),
    kinds=(GATEWAY,),
    scope="objects",
    title_zh="网关监听器须使用TLS",
    title_en="Listeners of gateways speak TLS, or only redirect to it",
    rationale=(
        "What crosses the boundary in plain text can be read and changed on the way: patients' data, passwords, "
        "session tokens."
    ),
    remediation=(
        "Give the listener protocol HTTPS and a certificate; keep an HTTP listener only with a route that "
        "redirects to https (site.yaml: tls of the load balancer)."
    ),
    references=("Gateway API: TLS Configuration",),
)
def gateway_listener_tls(obj: Object, world: World) -> Iterator[Finding]:
    streams = []
    for listener in obj.spec.maps("listeners"):
        protocol = listener.text("protocol")
        name = f"listener {listener.text('name')}"
        if protocol in ("HTTPS", "TLS"):
            if not _has_certificate(listener):
                yield Finding(f"{name} has no certificate", listener.at("tls"))
        elif protocol == "HTTP":
            routes = served(world, obj, listener)
            if not routes:
                yield Finding(
                    f"{name} speaks plain HTTP and redirects nothing to https", listener.at("protocol"), protocol
                )
            for route in routes:
                if not redirects_only(route):
                    text = f"{name} serves {route.resource.label} over plain HTTP"
                    yield Finding(text, listener.at("protocol"), protocol)
        else:
            streams.append(f"{listener.text('name')} ({protocol} {listener.number('port')})")
    if streams:
        raise NeedsPerson(f"show that what passes {', '.join(streams)} is encrypted end to end")


def _has_certificate(listener: Map) -> bool:
    tls = listener.map("tls")
    return tls.text("mode") == "Passthrough" or bool(tls.items("certificateRefs"))
