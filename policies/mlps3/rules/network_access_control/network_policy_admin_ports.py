"""No NetworkPolicy opens administration or data ports to everybody."""

from collections.abc import Iterator
from ipaddress import ip_network

from yiyun.compliance import Finding, Map, Object, Severity, Unevaluated, rule
from yiyun.compliance.ports import ADMIN


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.3.2-a", "8.1.3.2-c"),
    kinds=("networking.k8s.io/NetworkPolicy",),
    title_zh="网络策略不得向所有地址开放管理端口",
    title_en="No NetworkPolicy opens administration or data ports to everybody",
    rationale="A database port that every address reaches is the first thing attackers try.",
    remediation="name the pods, namespaces or networks of the clients",
    references=("Kubernetes: Network Policies",),
)
def network_policy_admin_ports(obj: Object) -> Iterator[Finding]:
    for allowed in obj.spec.maps("ingress"):
        peers = allowed.maps("from")
        if peers and not any(_everybody(peer) for peer in peers):
            continue
        for port in allowed.maps("ports"):
            first, last = port.scalar("port"), port.number("endPort")
            if isinstance(first, int) and port.text("protocol") in ("", "TCP"):
                opened = [f"{number} ({name})" for number, name in ADMIN.items() if first <= number <= (last or first)]
                if opened:
                    yield Finding(f"opens {', '.join(opened)} to every address", port.at("port"), first)


def _everybody(peer: Map) -> bool:
    if not peer.has("ipBlock"):
        return False
    block = peer.map("ipBlock")
    try:
        return ip_network(block.text("cidr"), strict=False).prefixlen <= 1
    except ValueError:
        raise Unevaluated(f"{block.at('cidr')}: must be a network such as 198.18.0.0/24") from None
