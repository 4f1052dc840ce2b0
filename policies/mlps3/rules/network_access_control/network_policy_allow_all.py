"""No NetworkPolicy allows everything."""

from collections.abc import Iterator
from ipaddress import ip_network

from yiyun.compliance import Finding, Map, Object, Severity, Unevaluated, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.3.2-a", "8.1.3.2-c"),
    kinds=("networking.k8s.io/NetworkPolicy",),
    title_zh="网络策略不得放行全部流量",
    title_en="No NetworkPolicy allows everything",
    rationale=(
        "A rule without a peer, or with every address or every namespace as its peer, and without ports takes "
        "default deny back."
    ),
    remediation="Name the peers (pods, namespaces or networks) and the ports in every rule.",
    references=("Kubernetes: Network Policies",),
)
def network_policy_allow_all(obj: Object) -> Iterator[Finding]:
    spec = obj.spec
    kinds = spec.texts("policyTypes")
    for field, kind, peers in (("ingress", "Ingress", "from"), ("egress", "Egress", "to")):
        if kinds and kind not in kinds:
            continue
        for allowed in spec.maps(field):
            if allowed.items("ports"):
                continue
            named = allowed.maps(peers)
            if not named:
                yield Finding(f"an {field} rule allows every peer on every port", allowed.path)
            for peer in named:
                if reason := _everybody(peer):
                    yield Finding(f"an {field} rule allows {reason} on every port", peer.path)


def _everybody(peer: Map) -> str | None:
    """What is too wide about a peer, or None."""
    if peer.has("ipBlock"):
        block = peer.map("ipBlock")
        try:
            wide = ip_network(block.text("cidr"), strict=False).prefixlen <= 1
        except ValueError:
            raise Unevaluated(f"{block.at('cidr')}: must be a network such as 198.18.0.0/24") from None
        return f"every address ({block.text('cidr')})" if wide else None
    if peer.has("namespaceSelector") and not peer.map("namespaceSelector") and not peer.map("podSelector"):
        return "every pod of every namespace"
    return None
