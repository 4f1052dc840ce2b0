"""A lost failure domain takes neither data nor I/O of a pool."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, World, rule
from yiyun.compliance.ceph import POOL_KINDS, consented, pools, shape
from yiyun.site.placement import judge


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.9-c", "8.2.4.6-c"),
    kinds=POOL_KINDS,
    scope="objects",
    title_zh="丢失一个故障域不得丢数据、不得停I/O",
    title_en="A lost failure domain takes neither data nor I/O of a pool",
    rationale=(
        "Copies or shards that share a failure domain are lost together: more than the coding shards lose data, "
        "more than down to min_size stop I/O."
    ),
    remediation=(
        "Spread the pool over more failure domains, add coding shards or copies, or write the lower min_size (or "
        "accept_io_stop in site.yaml) as a choice."
    ),
    references=("Ceph: Erasure code", "Ceph: Pools, min_size"),
)
def ceph_pool_layout(obj: Object, world: World) -> Iterator[Finding]:
    for spec in pools(obj):
        pool, domains = shape(spec)
        verdict = judge(pool, domains)
        if not verdict.fits or verdict.data_lost or (verdict.io_stops and not consented(world.site, obj.name)):
            yield Finding(verdict.reason, spec.path)
