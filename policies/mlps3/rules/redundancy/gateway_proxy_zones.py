"""Proxies behind gateways run in several zones."""

from collections.abc import Iterator

from yiyun.compliance import Finding, NotApplicable, Object, Severity, rule
from yiyun.compliance.zones import bound_zones, zone_spread


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.2.1-e",),
    kinds=("gateway.envoyproxy.io/EnvoyProxy",),
    title_zh="网关代理须分布在多个可用区",
    title_en="Proxies behind gateways run in several zones",
    rationale="A gateway is the way in for all that is behind it; proxies that share a zone are lost with it.",
    remediation="Set envoyDeployment.replicas to 2 or more and spread its pods over topology.kubernetes.io/zone.",
    references=("Envoy Gateway: EnvoyProxy, provider",),
)
def gateway_proxy_zones(obj: Object) -> Iterator[Finding]:
    kubernetes = obj.spec.walk("provider.kubernetes")
    if kubernetes.has("envoyDaemonSet"):
        raise NotApplicable("one proxy on every node")
    deployment = kubernetes.map("envoyDeployment")
    replicas = deployment.number("replicas")
    if (replicas or 1) < 2 and not kubernetes.has("envoyHpa"):
        yield Finding(f"has {replicas or 1} proxy", deployment.at("replicas"), replicas)
    pod = deployment.map("pod")
    zones = bound_zones(pod)
    if zones is not None and len(zones) < 2:
        yield Finding(f"its proxies are bound to zone {''.join(zones)}", pod.path)
    if not zone_spread(pod):
        yield Finding("nothing spreads its proxies over zones", pod.at("topologySpreadConstraints"))
