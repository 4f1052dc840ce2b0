"""A VPC's way out survives the loss of a zone."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Map, Object, Severity, World, rule
from yiyun.compliance.world import matches
from yiyun.compliance.zones import Zones, term_zones
from yiyun.site import Site
from yiyun.site.labels import node_labels


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.2.1-e",),
    kinds=("kubeovn.io/VpcEgressGateway",),
    scope="objects",
    title_zh="VPC出口网关须分布在多个可用区",
    title_en="A VPC's way out survives the loss of a zone",
    rationale=("Replicas that may only run in one zone are lost with it, and every zone of the VPC loses its way out."),
    remediation="Set replicas to 2 or more and let nodeSelector take hosts of several zones.",
    references=("Kube-OVN: VPC Egress Gateway",),
)
def egress_gateway_zones(obj: Object, world: World) -> Iterator[Finding]:
    spec = obj.spec
    replicas = spec.number("replicas") or 1
    if replicas < 2:
        yield Finding(f"has {replicas} replica", spec.at("replicas"), replicas)
    terms = spec.maps("nodeSelector")
    zones = _zones(terms, world.site)
    if zones is not None and len(zones) < 2:
        text = (
            f"its replicas run in zone {''.join(zones)} only" if zones else "no host of the site fits its nodeSelector"
        )
        yield Finding(text, spec.at("nodeSelector"))


def _zones(terms: list[Map], site: Site | None) -> Zones:
    """Zones in which replicas may run: of the hosts that fit where the site is known, else as the terms say."""
    if site is None:
        named = [term_zones(term) for term in terms]
        if not named or any(zones is None for zones in named):
            return None
        return frozenset().union(*(zones for zones in named if zones is not None))
    hosts = [(host.zone, node_labels(host, site.name)) for host in site.hosts]
    return frozenset(zone for zone, labels in hosts if not terms or any(_fits(term, labels) for term in terms))


def _fits(term: Map, labels: dict[str, str]) -> bool:
    wanted = term.text_map("matchLabels")
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        matches(expression, labels) for expression in term.maps("matchExpressions")
    )
