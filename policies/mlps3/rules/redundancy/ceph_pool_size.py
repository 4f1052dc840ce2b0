"""Replicated pools keep at least three copies."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule
from yiyun.compliance.ceph import POOL_KINDS, every_pool, number, pools


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.2.4.6-c", "8.1.4.9-c"),
    kinds=POOL_KINDS,
    title_zh="存储池至少三副本",
    title_en="Replicated pools keep at least three copies",
    rationale=(
        "With two copies one lost disk leaves one copy: the next read error loses data, and writes to a single "
        "copy can be lost unseen."
    ),
    remediation=('Set replicated.size to 3 or more and parameters.min_size to "2" (site.yaml: replicas of the pool).'),
    references=("Rook: CephBlockPool CRD, replicated.size",),
    admission=every_pool(
        # More than 64 of anything is no pool, and is not evaluated.
        "!has(pool.replicated) || (pool.?erasureCoded.?dataChunks.orValue(0) <= 64"
        " && (pool.?erasureCoded.?dataChunks.orValue(0) > 0"
        " || (pool.replicated.size >= 3 && pool.replicated.size <= 64"
        " && pool.?parameters[?'min_size'].orValue('2').matches('^[0-9]{1,9}$')"
        " && int(pool.?parameters[?'min_size'].orValue('2')) != 1)))"
    ),
)
def ceph_pool_size(obj: Object) -> Iterator[Finding]:
    for spec in pools(obj):
        replicated = spec.map("replicated")
        if replicated and not number(spec.map("erasureCoded"), "dataChunks"):
            size, least = number(replicated, "size"), spec.map("parameters").count("min_size")
            if size < 3:
                yield Finding(f"keeps {size} copies", replicated.at("size"), size)
            if least == 1:
                yield Finding("takes writes with one copy left", spec.map("parameters").at("min_size"), least)
