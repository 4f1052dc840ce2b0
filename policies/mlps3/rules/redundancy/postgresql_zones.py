"""PostgreSQL clusters have replicas in several zones."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Map, Object, Severity, rule
from yiyun.compliance.zones import bound_zones, zone_spread
from yiyun.site.labels import ZONE


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.9-c", "8.1.2.1-e"),
    kinds=("postgresql.cnpg.io/Cluster",),
    title_zh="PostgreSQL副本须分布在多个可用区",
    title_en="PostgreSQL clusters have replicas in several zones",
    rationale="Replicas that share a zone are lost with it, the primary and its standbys alike.",
    remediation=(
        "Set instances to 3 and topologySpreadConstraints over topology.kubernetes.io/zone with whenUnsatisfiable "
        "DoNotSchedule."
    ),
    references=("CloudNativePG: Scheduling",),
)
def postgresql_zones(obj: Object) -> Iterator[Finding]:
    spec = obj.spec
    instances = spec.number("instances") or 1
    if instances < 2:
        yield Finding(f"has {instances} instance", spec.at("instances"), instances)
        return
    affinity = spec.map("affinity")
    zones = bound_zones(_pod_fields(affinity))
    if zones is not None and len(zones) < 2:
        yield Finding(f"all {instances} instances are bound to zone {''.join(zones)}", affinity.path)
    apart = affinity.text("topologyKey") == ZONE and affinity.text("podAntiAffinityType") == "required"
    if not (apart or zone_spread(spec)):
        yield Finding("nothing keeps its instances in different zones", spec.at("topologySpreadConstraints"))


def _pod_fields(affinity: Map) -> Map:
    """CloudNativePG keeps nodeSelector and nodeAffinity side by side; a pod has the second inside `affinity`."""
    return Map({"nodeSelector": affinity.data.get("nodeSelector"), "affinity": affinity.data}, affinity.path)
