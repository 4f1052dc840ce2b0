"""No NetworkPolicy opens administration or data ports to everybody."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule
from yiyun.compliance.admission import cel
from yiyun.compliance.network_policies import READABLE_PEERS, WIDE_PEER, peer_is_everybody
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
    admission=Admission(
        f"object.?spec.?ingress.orValue([]).all(a, {READABLE_PEERS.format('a.?from')} && "
        f"((size(a.?from.orValue([])) > 0 && !a.?from.orValue([]).exists(peer, {WIDE_PEER})) || "
        "a.?ports.orValue([]).all(p, !(p.?protocol.orValue('') in ['', 'TCP']) || !(type(p.?port.orValue('')) == int) || "
        f"!{cel(list(ADMIN))}.exists(n, n >= int(p.port) && n <= p.?endPort.orValue(int(p.port))))))"
    ),
)
def network_policy_admin_ports(obj: Object) -> Iterator[Finding]:
    for allowed in obj.spec.maps("ingress"):
        peers = [peer_is_everybody(peer) for peer in allowed.maps("from")]
        if peers and not any(peers):
            continue
        for port in allowed.maps("ports"):
            first, last = port.scalar("port"), port.number("endPort")
            if isinstance(first, int) and port.text("protocol") in ("", "TCP"):
                opened = [f"{number} ({name})" for number, name in ADMIN.items() if first <= number <= (last or first)]
                if opened:
                    yield Finding(f"opens {', '.join(opened)} to every address", port.at("port"), first)
