"""What NetworkPolicies leave open."""

from yiyun.compliance.facts import Map
from yiyun.compliance.networks import EVERYBODY, READABLE, is_everybody
from yiyun.compliance.world import World

READABLE_PEERS = f"{{0}}.orValue([]).all(peer, !has(peer.ipBlock) || {READABLE.format('peer.ipBlock.cidr')})"
"""In CEL: whether the networks among optional peers can be read."""
WIDE_PEER = f"(has(peer.ipBlock) && {EVERYBODY.format('peer.ipBlock.cidr')})"
"""In CEL: whether `peer` is a network that takes in everybody."""


def peer_is_everybody(peer: Map) -> bool:
    """Whether a peer is a network that takes in everybody. Raises Unevaluated for one that cannot be read."""
    if not peer.has("ipBlock"):
        return False
    block = peer.map("ipBlock")
    return is_everybody(block.text("cidr"), block.at("cidr"))


def open_directions(world: World, namespace: str) -> list[str]:
    """Directions (`ingress`, `egress`) in which no policy isolates all pods of a namespace.

    A policy isolates when it selects every pod, concerns the direction and has no rule that allows everything.
    """
    closed: set[str] = set()
    for policy in world.all("networking.k8s.io/NetworkPolicy", namespace):
        spec = policy.elsewhere.map("spec")
        selector = spec.map("podSelector")
        if selector.text_map("matchLabels") or selector.maps("matchExpressions"):
            continue
        kinds = spec.texts("policyTypes") or ["Ingress", *(["Egress"] if spec.has("egress") else [])]
        for direction in (kind.lower() for kind in kinds):
            peers = "from" if direction == "ingress" else "to"
            if all(allowed.items(peers) or allowed.items("ports") for allowed in spec.maps(direction)):
                closed.add(direction)
    return [direction for direction in ("ingress", "egress") if direction not in closed]
