"""Availability zones to which pods are bound: node selectors, node affinity, spread constraints."""

from yiyun.compliance.facts import Map
from yiyun.site.labels import ZONE

Zones = frozenset[str] | None
"""Names of zones; None: any zone."""


def both(first: Zones, second: Zones) -> Zones:
    """Zones that two conditions leave, when both must hold."""
    if first is None:
        return second
    return first if second is None else first & second


def selector_zones(selector: Map) -> Zones:
    """Zones that a plain node selector (label: value) leaves."""
    return frozenset({selector.text(ZONE)}) if selector.has(ZONE) else None


def term_zones(term: Map) -> Zones:
    """Zones that one NodeSelectorTerm, or one LabelSelector, leaves."""
    zones = selector_zones(term.map("matchLabels"))
    for expression in term.maps("matchExpressions"):
        if expression.text("key") == ZONE and expression.text("operator") == "In":
            zones = both(zones, frozenset(expression.texts("values")))
    return zones


def affinity_zones(affinity: Map) -> Zones:
    """Zones that required node affinity leaves. Its terms are alternatives."""
    required = affinity.walk("nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution")
    terms = [term_zones(term) for term in required.maps("nodeSelectorTerms")]
    if not terms or any(term is None for term in terms):
        return None
    return frozenset().union(*(term for term in terms if term is not None))


def bound_zones(holder: Map) -> Zones:
    """Zones that `nodeSelector` and `affinity` of a pod spec (or of a kind with both fields) leave."""
    return both(selector_zones(holder.map("nodeSelector")), affinity_zones(holder.map("affinity")))


def zone_spread(holder: Map) -> bool:
    """Whether `topologySpreadConstraints` force pods apart by zone (`DoNotSchedule`, which is the default)."""
    return any(
        constraint.text("topologyKey") == ZONE and constraint.text("whenUnsatisfiable") in ("", "DoNotSchedule")
        for constraint in holder.maps("topologySpreadConstraints")
    )
