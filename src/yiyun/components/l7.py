"""Layer-7 load balancers: a Gateway with its listeners, certificates, routes and traffic policies.

Always made, because a Gateway without them is not highly available: active health checks of every backend, retries,
and the redirect from HTTP to HTTPS. TLS is 1.2 or newer, with forward secrecy and authenticated encryption only
(clauses 8.1.2.2-a and 8.1.2.2-b), HTTP/2 by ALPN. Each hostname has a listener and a certificate of its own: where
two certificates cover one name, a client may send a request for one host on its HTTP/2 connection to the other.

Retries never repeat a request that an application may have acted on: a lost answer is retried for GET, HEAD and
OPTIONS only (rule `read`); any other request is retried only while it has not reached a backend. A medical order is
not placed twice.

The applications' Services belong to the compute stack; routes name them by application, in the same namespace.
"""

import hashlib
import re
from typing import Any

import pulumi

from yiyun.components.gateway_class import CLASS
from yiyun.components.issuer import ISSUER
from yiyun.components.kubernetes import Component, Item, key
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.hostnames import covers
from yiyun.site.model import L7, Route, StreamPort

GATEWAY_API = "gateway.networking.k8s.io"
ENVOY_API = "gateway.envoyproxy.io"

CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
)
"""Ciphers of TLS 1.2; TLS 1.3 has only ones as good."""
TLS = {
    "minVersion": "1.2",
    "ciphers": list(CIPHERS),
    "ecdhCurves": ["X25519", "P-256", "P-384"],
    "alpnProtocols": ["h2", "http/1.1"],
}

READ_RULE = "read"
READ_METHODS = ("GET", "HEAD", "OPTIONS")
UNTOUCHED = ("connect-failure", "refused-stream", "reset-before-request")
"""Failures after which no backend has seen the request."""
REQUEST_TIMEOUT = "300s"


def _object(api: str, kind: str, l7: L7, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": name, "namespace": l7.tenant, "labels": {names.TENANT: l7.tenant}},
        "spec": spec,
    }


def _target(kind: str, name: str, section: str | None = None) -> list[dict[str, str]]:
    target = {"group": GATEWAY_API, "kind": kind, "name": name}
    return [target | {"sectionName": section}] if section else [target]


def host_name(l7: L7, host: str) -> str:
    """Name of the certificate, and of its Secret, of one hostname."""
    return f"{l7.name}.{host.replace('*', 'any')}"


def listener_name(host: str) -> str:
    """Name of the HTTPS listener of one hostname."""
    return f"https.{host.replace('*', 'any')}"


def route_name(l7: L7, route: Route) -> str:
    """Name of one route: load balancer, host and path; a path that does not fit a name is told apart by a digest."""
    path = route.path.strip("/")
    slug = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")
    if slug != path:
        slug = f"{slug}-{hashlib.sha256(route.path.encode()).hexdigest()[:6]}".strip("-")
    return ".".join(part for part in (l7.name, route.host.replace("*", "any"), slug) if part)


def certificate(l7: L7, host: str) -> dict[str, Any]:
    """The Certificate of one hostname: 90 days, renewed after 60, a new key each time."""
    name = host_name(l7, host)
    return _object(
        "cert-manager.io/v1",
        "Certificate",
        l7,
        name,
        {
            "secretName": name,
            "dnsNames": [host],
            "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": ISSUER},
            "duration": "2160h",
            "renewBefore": "720h",
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
            "usages": ["digital signature", "server auth"],
        },
    )


def listeners(l7: L7) -> list[dict[str, Any]]:
    """Listeners of a Gateway: HTTP, HTTPS for each hostname, then the streams."""
    here = {"namespaces": {"from": "Same"}}
    http = {"kinds": [{"kind": "HTTPRoute"}], **here}
    found: list[dict[str, Any]] = [{"name": "http", "protocol": "HTTP", "port": 80, "allowedRoutes": http}]
    secrets = [{"kind": "Secret", "name": host_name(l7, host)} for host in l7.hostnames]
    if l7.tls:
        found += [
            {
                "name": listener_name(host),
                "protocol": "HTTPS",
                "port": 443,
                "hostname": host,
                "tls": {"mode": "Terminate", "certificateRefs": [secret]},
                "allowedRoutes": http,
            }
            for host, secret in zip(l7.hostnames, secrets, strict=True)
        ]
    for stream in l7.streams:
        listener: dict[str, Any] = {
            "name": stream.name,
            "protocol": stream.protocol.upper(),
            "port": stream.port,
            "allowedRoutes": {"kinds": [{"kind": route_kind(stream)}], **here},
        }
        if has_tls(l7, stream):
            listener |= {"protocol": "TLS", "tls": {"mode": "Terminate", "certificateRefs": secrets}}
        found.append(listener)
    return found


def has_tls(l7: L7, stream: StreamPort) -> bool:
    """Whether a stream's listener ends TLS."""
    return l7.tls and stream.tls and stream.protocol == "tcp"


def route_kind(stream: StreamPort) -> str:
    """Kind of the route of a stream."""
    return f"{stream.protocol.upper()}Route"


def gateway(l7: L7) -> dict[str, Any]:
    """The Gateway."""
    spec = {"gatewayClassName": CLASS, "listeners": listeners(l7)}
    return _object(f"{GATEWAY_API}/v1", "Gateway", l7, l7.name, spec)


def client_policy(l7: L7) -> dict[str, Any]:
    """How clients are talked to: TLS floor, HTTP/2, and limits on clients that send nothing."""
    spec: dict[str, Any] = {
        "targetRefs": _target("Gateway", l7.name),
        "http2": {"maxConcurrentStreams": 200, "initialStreamWindowSize": "1Mi", "initialConnectionWindowSize": "4Mi"},
        "tcpKeepalive": {"idleTime": "60s", "interval": "15s", "probes": 3},
        "timeout": {"http": {"requestHeadersReceivedTimeout": "10s", "idleTimeout": "3600s"}},
    }
    if l7.tls:
        spec["tls"] = TLS
        spec["timeout"]["tcp"] = {"tlsHandshakeTimeout": "10s"}
        seconds = 365 * 24 * 3600
        spec["headers"] = {
            "lateResponseHeaders": {"set": [{"name": "Strict-Transport-Security", "value": f"max-age={seconds}"}]}
        }
    return _object(f"{ENVOY_API}/v1alpha1", "ClientTrafficPolicy", l7, l7.name, spec)


def retry(triggers: tuple[str, ...], statuses: tuple[int, ...] = ()) -> dict[str, Any]:
    """Up to two retries, each on another backend, 25 to 250 ms apart."""
    on: dict[str, Any] = {"triggers": list(triggers)}
    if statuses:
        on["httpStatusCodes"] = list(statuses)
    return {
        "numRetries": 2,
        "perRetry": {"backOff": {"baseInterval": "25ms", "maxInterval": "250ms"}},
        "retryOn": on,
    }


READ_RETRY = retry((*UNTOUCHED, "reset"), (502, 503))
WRITE_RETRY = retry(UNTOUCHED)


def health_check(path: str | None) -> dict[str, Any]:
    """Asks every backend every 3 s (HTTP, or TCP connect without `path`), and leaves out those that fail on traffic."""
    active: dict[str, Any] = {"timeout": "1s", "interval": "3s", "unhealthyThreshold": 2, "healthyThreshold": 1}
    if path is None:
        active |= {"type": "TCP", "tcp": {}}
    else:
        active |= {"type": "HTTP", "http": {"path": path, "method": "GET", "expectedStatuses": [200, 204]}}
    passive = {
        "baseEjectionTime": "30s",
        "interval": "3s",
        "maxEjectionPercent": 50,
        "consecutive5XxErrors": 5,
        "consecutiveLocalOriginFailures": 3,
        "splitExternalLocalOriginErrors": True,
    }
    return {"active": active, "passive": passive}


def backend_policy(
    l7: L7,
    name: str,
    target: list[dict[str, str]],
    retries: dict[str, Any],
    path: str | None,
    websocket: bool = False,
) -> dict[str, Any]:
    """A BackendTrafficPolicy. It replaces, as a whole, the policy of what its target belongs to."""
    spec: dict[str, Any] = {
        "targetRefs": target,
        "loadBalancer": {"type": "LeastRequest"},
        "retry": retries,
        "healthCheck": health_check(path),
        "tcpKeepalive": {"idleTime": "60s", "interval": "15s", "probes": 3},
        "timeout": {"tcp": {"connectTimeout": "2s"}},
    }
    if websocket:
        spec["httpUpgrade"] = [{"type": "websocket"}]
    return _object(f"{ENVOY_API}/v1alpha1", "BackendTrafficPolicy", l7, name, spec)


def http_route(site: Site, l7: L7, route: Route) -> dict[str, Any]:
    """The HTTPRoute of one path of one host, on its HTTPS listener (on the HTTP listener of a Gateway without TLS)."""
    backend = [{"kind": "Service", "name": route.application, "port": site.application(route.application).port}]
    path = {"path": {"type": "PathPrefix", "value": route.path}}
    rest = {
        "backendRefs": backend,
        # An upgraded connection is one request that never ends.
        "timeouts": {"request": "0s" if route.websocket else REQUEST_TIMEOUT},
    }
    hosts = [host for host in l7.hostnames if covers(host, route.host)]
    sections = [listener_name(host) for host in hosts] if l7.tls else ["http"]
    spec = {
        "parentRefs": [{"name": l7.name, "sectionName": section} for section in sections],
        "hostnames": [route.host],
        "rules": [
            {"name": READ_RULE, "matches": [{**path, "method": method} for method in READ_METHODS], **rest},
            {"name": "write", "matches": [path], **rest},
        ],
    }
    return _object(f"{GATEWAY_API}/v1", "HTTPRoute", l7, route_name(l7, route), spec)


def redirect(l7: L7) -> dict[str, Any]:
    """The HTTPRoute that sends every plain-text request to HTTPS."""
    spec = {
        "parentRefs": [{"name": l7.name, "sectionName": "http"}],
        "rules": [
            {"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}]}
        ],
    }
    return _object(f"{GATEWAY_API}/v1", "HTTPRoute", l7, f"{l7.name}.redirect", spec)


def stream_route(site: Site, l7: L7, stream: StreamPort) -> dict[str, Any]:
    """The TCPRoute or UDPRoute of one stream."""
    backend = {"kind": "Service", "name": stream.application, "port": site.application(stream.application).port}
    spec = {
        "parentRefs": [{"name": l7.name, "sectionName": stream.name}],
        "rules": [{"backendRefs": [backend]}],
    }
    return _object(f"{GATEWAY_API}/v1", route_kind(stream), l7, f"{l7.name}.{stream.name}", spec)


def route_items(site: Site, l7: L7, route: Route, after: tuple[str, ...]) -> list[Item]:
    """One route with its two policies: for all requests, and for those that may be repeated."""
    manifest = http_route(site, l7, route)
    name = manifest["metadata"]["name"]
    app = site.application(route.application)
    # Envoy Gateway asks for health in HTTP/1.1, which a backend of protocol h2c need not speak.
    path = None if app.protocol == "h2c" else app.health_path
    everything = backend_policy(l7, name, _target("HTTPRoute", name), WRITE_RETRY, path, route.websocket)
    reads = backend_policy(
        l7, f"{name}.{READ_RULE}", _target("HTTPRoute", name, READ_RULE), READ_RETRY, path, route.websocket
    )
    return [
        Item(manifest, after=after),
        Item(everything, after=(key(manifest),)),
        Item(reads, after=(key(manifest),)),
    ]


def l7_items(site: Site, spec: L7) -> list[Item]:
    """One layer-7 load balancer.

    The policy of the Gateway itself (TCP connect as health check) holds for its streams, and for routes that somebody
    else adds.
    """
    certificates = [Item(certificate(spec, host)) for host in spec.hostnames] if spec.tls else []
    front = gateway(spec)
    after = (key(front),)
    items = [*certificates, Item(front, after=tuple(key(each.manifest) for each in certificates))]
    items.append(Item(client_policy(spec), after=after))
    items.append(Item(backend_policy(spec, spec.name, _target("Gateway", spec.name), WRITE_RETRY, None), after=after))
    if spec.tls:
        items.append(Item(redirect(spec), after=after))
    for route in spec.routes:
        items += route_items(site, spec, route, after)
    items += [Item(stream_route(site, spec, stream), after=after) for stream in spec.streams]
    return items


class Layer7LoadBalancer(Component):
    """One layer-7 load balancer."""

    def __init__(
        self,
        name: str,
        site: Site,
        spec: L7,
        opts: pulumi.ResourceOptions | None = None,
        after: tuple[pulumi.Resource, ...] = (),
    ) -> None:
        super().__init__("Layer7LoadBalancer", name, site, l7_items(site, spec), opts, after)
