"""No public load balancer opens a plain-text port."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, NotApplicable, Object, Severity, rule
from yiyun.compliance.admission import cel
from yiyun.compliance.ports import PLAIN_TEXT

PLAIN_PROTOCOLS = ("http", "kubernetes.io/h2c", "kubernetes.io/ws", "ftp", "telnet")
TLS_PROTOCOLS = ("https", "tls", "kubernetes.io/wss")


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.2.2-b", "8.1.4.8-a", "8.1.2.2-a"),
    kinds=("Service",),
    title_zh="公网负载均衡不得开放明文端口",
    title_en="No public load balancer opens a plain-text port",
    rationale="What crosses the boundary in plain text can be read and changed on the way.",
    remediation=(
        "Publish the service through a Gateway with TLS, or serve TLS on the port and say so in appProtocol (https)."
    ),
    references=("Kubernetes: Service, type LoadBalancer",),
    admission=Admission(
        "object.?spec.?type.orValue('') != 'LoadBalancer' || object.?spec.?ports.orValue([]).all(p, "
        "!(p.?protocol.orValue('') in ['', 'TCP'])"
        f" || p.?appProtocol.orValue('').lowerAscii() in {cel(TLS_PROTOCOLS)}"
        f" || (!(p.?appProtocol.orValue('').lowerAscii() in {cel(PLAIN_PROTOCOLS)})"
        f" && !(p.port in {cel(list(PLAIN_TEXT))})"
        " && p.?name.orValue('') != 'http' && !p.?name.orValue('').startsWith('http-')))"
    ),
)
def load_balancer_plain_text(obj: Object) -> Iterator[Finding]:
    if obj.spec.text("type") != "LoadBalancer":
        raise NotApplicable("not a load balancer")
    for port in obj.spec.maps("ports"):
        number, name, protocol = port.number("port"), port.text("name"), port.text("appProtocol").lower()
        if port.text("protocol") not in ("", "TCP") or protocol in TLS_PROTOCOLS:
            continue
        if protocol in PLAIN_PROTOCOLS:
            yield Finding(f"port {number} speaks {protocol}", port.at("appProtocol"), protocol)
        elif number in PLAIN_TEXT:
            yield Finding(f"port {number} is plain {PLAIN_TEXT[number]}", port.at("port"), number)
        elif name == "http" or name.startswith("http-"):
            yield Finding(f"port {number} is named {name}", port.at("name"), name)
