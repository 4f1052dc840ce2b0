"""No public load balancer opens an administration port to everybody."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, NotApplicable, Object, Severity, rule
from yiyun.compliance.admission import cel
from yiyun.compliance.networks import EVERYBODY, READABLE, is_everybody
from yiyun.compliance.ports import ADMIN

SOURCES = "object.?spec.?loadBalancerSourceRanges.orValue([])"


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.3.2-a", "8.1.4.4-b"),
    kinds=("Service",),
    title_zh="公网负载均衡不得发布管理端口",
    title_en="No public load balancer opens an administration port to everybody",
    rationale="Databases and administration are for those who are named.",
    remediation="name the networks of the clients in loadBalancerSourceRanges, or make the Service a ClusterIP",
    references=("Kubernetes: Service, type LoadBalancer",),
    admission=Admission(
        f"object.?spec.?type.orValue('') != 'LoadBalancer' || ({SOURCES}.all(n, {READABLE.format('n')}) && "
        f"((size({SOURCES}) > 0 && !{SOURCES}.exists(n, {EVERYBODY.format('n')})) || "
        "object.?spec.?ports.orValue([]).all(p, "
        f"!(p.?protocol.orValue('') in ['', 'TCP']) || !(p.port in {cel(list(ADMIN))}))))"
    ),
)
def load_balancer_admin_ports(obj: Object) -> Iterator[Finding]:
    if obj.spec.text("type") != "LoadBalancer":
        raise NotApplicable("not a load balancer")
    sources = obj.spec.texts("loadBalancerSourceRanges")
    wide = [is_everybody(source, obj.spec.at("loadBalancerSourceRanges")) for source in sources]
    if sources and not any(wide):
        return
    for port in obj.spec.maps("ports"):
        number = port.number("port")
        if number in ADMIN and port.text("protocol") in ("", "TCP"):
            yield Finding(f"opens {ADMIN[number]} ({number}) to every address", port.at("port"), number)
