"""What NetworkPolicies leave open."""

from yiyun.compliance.world import World


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
