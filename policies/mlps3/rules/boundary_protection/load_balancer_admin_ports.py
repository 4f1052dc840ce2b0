"""No public load balancer opens an administration port to everybody."""

from collections.abc import Iterator
from ipaddress import ip_network

from yiyun.compliance import Finding, NotApplicable, Object, Severity, Unevaluated, rule
from yiyun.compliance.ports import ADMIN


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.3.2-a", "8.1.4.4-b"),
    kinds=("Service",),
    title_zh="公网负载均衡不得发布管理端口",
    title_en="No public load balancer opens an administration port to everybody",
    rationale="Databases and administration are for those who are named.",
    remediation="name the networks of the clients in loadBalancerSourceRanges, or make the Service a ClusterIP",
    references=("Kubernetes: Service, type LoadBalancer",),
)
def load_balancer_admin_ports(obj: Object) -> Iterator[Finding]:
    if obj.spec.text("type") != "LoadBalancer":
        raise NotApplicable("not a load balancer")
    sources = obj.spec.texts("loadBalancerSourceRanges")
    if sources and not any(_everybody(source, obj) for source in sources):
        return
    for port in obj.spec.maps("ports"):
        number = port.number("port")
        if number in ADMIN and port.text("protocol") in ("", "TCP"):
            yield Finding(f"opens {ADMIN[number]} ({number}) to every address", port.at("port"), number)


def _everybody(source: str, obj: Object) -> bool:
    try:
        return ip_network(source, strict=False).prefixlen <= 1
    except ValueError:
        raise Unevaluated(
            f"{obj.spec.at('loadBalancerSourceRanges')}: must be networks such as 198.18.0.0/24"
        ) from None
