"""No NetworkPolicy allows everything."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Map, Object, Severity, rule
from yiyun.compliance.network_policies import READABLE_PEERS, WIDE_PEER, peer_is_everybody
from yiyun.compliance.world import takes_everything

FIELDS = (("ingress", "Ingress", "from"), ("egress", "Egress", "to"))
EVERYTHING = " && ".join(
    f"size(peer.?{selector}.?{field}.orValue({empty})) == 0"
    for selector in ("namespaceSelector", "podSelector")
    for field, empty in (("matchLabels", "{}"), ("matchExpressions", "[]"))
)


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
    admission=Admission(
        " && ".join(
            f"((size(object.?spec.?policyTypes.orValue([])) > 0 && !('{kind}' in object.spec.policyTypes)) || "
            f"object.?spec.?{field}.orValue([]).all(a, size(a.?ports.orValue([])) > 0 || "
            f"(size(a.?{peers}.orValue([])) > 0 && {READABLE_PEERS.format(f'a.?{peers}')} && "
            f"!a.?{peers}.orValue([]).exists(peer, {WIDE_PEER} || "
            f"(!has(peer.ipBlock) && has(peer.namespaceSelector) && {EVERYTHING})))))"
            for field, kind, peers in FIELDS
        )
    ),
)
def network_policy_allow_all(obj: Object) -> Iterator[Finding]:
    spec = obj.spec
    kinds = spec.texts("policyTypes")
    for field, kind, peers in FIELDS:
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
    if peer_is_everybody(peer):
        return f"every address ({peer.map('ipBlock').text('cidr')})"
    if peer.has("ipBlock") or not peer.has("namespaceSelector"):
        return None
    both = (peer.map("namespaceSelector"), peer.map("podSelector"))
    return "every pod of every namespace" if all(takes_everything(selector) for selector in both) else None
