"""OceanBase survives the loss of a zone."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule
from yiyun.compliance.zones import bound_zones


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.9-c", "8.1.2.1-e"),
    kinds=("oceanbase.oceanbase.com/OBCluster",),
    title_zh="OceanBase副本须分布在多个可用区",
    title_en="OceanBase survives the loss of a zone",
    rationale=(
        "Paxos goes on while a majority of the replicas lives; a zone that holds the majority stops the database "
        "when it is lost."
    ),
    remediation=(
        "Give each entry of topology a nodeSelector with another topology.kubernetes.io/zone, three zones at "
        "least (site.yaml: replicas of the database)."
    ),
)
def oceanbase_zones(obj: Object) -> Iterator[Finding]:
    replicas: dict[str, int] = {}
    for place in obj.spec.maps("topology"):
        zones = bound_zones(place)
        count = place.number("replica") or 0
        if zones is None or len(zones) != 1:
            yield Finding(f"{place.text('zone')} is not bound to one availability zone", place.at("nodeSelector"))
        else:
            (zone,) = zones
            replicas[zone] = replicas.get(zone, 0) + count
    total = sum(replicas.values())
    for zone, count in replicas.items():
        if count * 2 >= total:
            text = f"{count} of {total} replicas are in zone {zone}: losing it stops the database"
            yield Finding(text, obj.spec.at("topology"), zone)
