"""A pool over several zones has the zone as its failure domain."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, World, rule
from yiyun.compliance.ceph import POOL_KINDS, pools

WIDE = ("zone", "region", "datacenter")
DISK = ("osd",)


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.9-c", "8.2.4.6-c"),
    kinds=POOL_KINDS,
    scope="objects",
    title_zh="跨可用区的存储池以可用区为故障域",
    title_en="A pool over several zones has the zone as its failure domain",
    rationale=(
        "Over 3 zones of 4 racks a pool with failure domain rack loses I/O on 24% of its placement groups with "
        "one zone, and every copy of 1.8% of them."
    ),
    remediation=(
        "Set failureDomain to zone, or pin the pool under one zone with crushRoot (site.yaml: zones and "
        "failure_domain of the pool)."
    ),
    references=("Rook: CephBlockPool CRD, failureDomain",),
)
def ceph_pool_failure_domain(obj: Object, world: World) -> Iterator[Finding]:
    single_zone = world.site is not None and len(world.site.zones) == 1
    for spec in pools(obj):
        domain = spec.text("failureDomain") or "host"
        pinned = single_zone or spec.text("crushRoot") not in ("", "default")
        if domain in DISK:
            yield Finding("all copies may lie on disks of one host", spec.at("failureDomain"), domain)
        elif domain not in WIDE and not pinned:
            text = f"failure domain is {domain}, and no crushRoot pins the pool under one zone"
            yield Finding(text, spec.at("failureDomain"), domain)
