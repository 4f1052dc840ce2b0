"""TiDB has stores and placement drivers in several zones."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Map, Object, Severity, World, rule
from yiyun.compliance.zones import Zones, both, bound_zones
from yiyun.site.labels import ZONE

KIND = "pingcap.com/TidbCluster"
PARTS = ("pd", "tikv", "tidb")


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.9-c", "8.1.2.1-e"),
    kinds=(KIND,),
    scope="objects",
    title_zh="TiDB组件须分布在多个可用区",
    title_en="TiDB has stores and placement drivers in several zones",
    rationale="Raft goes on while a majority of the copies lives; copies that share a zone are lost with it.",
    remediation=(
        "Bind the parts to several zones and set topologySpreadConstraints over topology.kubernetes.io/zone "
        "(site.yaml: replicas of the database)."
    ),
)
def tidb_zones(obj: Object, world: World) -> Iterator[Finding]:
    members = _members(obj, world)
    for part in PARTS:
        if not any(member.elsewhere.walk(f"spec.{part}") for member in members):
            continue
        spread: set[str] = set()
        free = False
        replicas = 0
        for member in members:
            spec = member.elsewhere.map("spec")
            settings = spec.map(part)
            count = settings.number("replicas") or 0
            replicas += count
            zones = _zones(spec, settings)
            if zones is None or (count > 1 and len(zones) > 1):
                free = free or _spread(spec, settings)
            elif count:
                spread |= zones
        if replicas < 2:
            yield Finding(f"{part} has {replicas} replica", f"spec.{part}.replicas", replicas)
        elif not free and len(spread) < 2:
            where = f"all in zone {''.join(spread)}" if spread else "not spread over zones"
            yield Finding(f"the {replicas} replicas of {part} are {where}", f"spec.{part}")


def _members(obj: Object, world: World) -> list[Object]:
    """All objects of the logical cluster: the first, and those that join it."""
    first = _first(obj)
    return [item for item in world.all(KIND, obj.namespace) if _first(item) == first]


def _first(obj: Object) -> str:
    return obj.elsewhere.walk("spec.cluster").text("name") or obj.name


def _zones(spec: Map, part: Map) -> Zones:
    """Zones of a part: its own selector and affinity replace the cluster's."""
    merged = {key: part.data.get(key) or spec.data.get(key) for key in ("nodeSelector", "affinity")}
    return both(bound_zones(Map(merged, part.path)), None)


def _spread(spec: Map, part: Map) -> bool:
    """Whether pods of a part are spread over zones; TiDB Operator's constraints always forbid a skew."""
    constraints = part.maps("topologySpreadConstraints") or spec.maps("topologySpreadConstraints")
    return any(item.text("topologyKey") == ZONE for item in constraints)
