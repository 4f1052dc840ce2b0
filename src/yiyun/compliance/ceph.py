"""Ceph pools as rules see them, wherever Rook's kinds keep them."""

from typing import TYPE_CHECKING

from yiyun.compliance.admission import Admission, or_empty
from yiyun.compliance.facts import Map, Object, Unevaluated
from yiyun.site.model import FailureDomain, Pool

if TYPE_CHECKING:
    from yiyun.site import Site

BLOCK_POOL = "ceph.rook.io/CephBlockPool"
OBJECT_STORE = "ceph.rook.io/CephObjectStore"
FILE_SYSTEM = "ceph.rook.io/CephFilesystem"
POOL_KINDS = (BLOCK_POOL, OBJECT_STORE, FILE_SYSTEM)
"""Kinds that make pools."""
MAX_SHARDS = 64
"""More copies or shards than any real pool has; larger numbers are not judged."""
_SINGLE = ("metadataPool", "dataPool")
"""Fields of one pool each."""
_DOMAINS = {"host": FailureDomain.HOST, "rack": FailureDomain.RACK, "row": FailureDomain.SWITCH_PAIR}


def pools(obj: Object) -> list[Map]:
    """The pool specifications of an object of POOL_KINDS."""
    spec = obj.spec
    if obj.id == BLOCK_POOL:
        return [spec]
    found = [spec.map(key) for key in _SINGLE if spec.has(key)]
    return found + spec.maps("dataPools")


def every_pool(predicate: str) -> tuple[Admission, ...]:
    """Every `pool` of an object of POOL_KINDS is as `predicate` says, in CEL."""
    single = {key: f"[{or_empty(f'object.?spec.?{key}', '{}')}].all(pool, {predicate})" for key in _SINGLE}
    return (
        Admission(f"[object.spec].all(pool, {predicate})", (BLOCK_POOL,), name="block"),
        Admission(" && ".join(single.values()), (OBJECT_STORE,), name="object"),
        Admission(
            f"{single['metadataPool']} && {or_empty('object.?spec.?dataPools', '[]')}.all(pool, {predicate})",
            (FILE_SYSTEM,),
            name="file",
        ),
    )


def number(holder: Map, key: str, default: int = 0) -> int:
    """A number of copies, shards or domains. Raises Unevaluated for what no pool has."""
    value = holder.count(key)
    if value is None:
        return default
    if not 0 <= value <= MAX_SHARDS:
        raise Unevaluated(f"{holder.at(key)}: must be from 0 to {MAX_SHARDS}")
    return value


def shape(spec: Map) -> tuple[Pool, int]:
    """A pool in the site's terms, and over how many failure domains it spreads each object.

    Raises Unevaluated for a pool that is neither replicated nor erasure-coded.
    """
    coded, replicated = spec.map("erasureCoded"), spec.map("replicated")
    data, coding = number(coded, "dataChunks"), number(coded, "codingChunks")
    size = number(replicated, "size")
    if data:
        total = data + coding
        domains = number(coded, "crushNumFailureDomains") or total
    elif size:
        domains = -(-size // max(1, number(replicated, "replicasPerFailureDomain", 1)))
    else:
        raise Unevaluated(f"{spec.path}: replicated.size or erasureCoded.dataChunks is required")
    pool = Pool.model_construct(
        name=spec.path,
        device_class=spec.text("deviceClass"),
        zones=(),
        failure_domain=_DOMAINS.get(spec.text("failureDomain") or "host", FailureDomain.ZONE),
        replicas=None if data else size,
        data=data or None,
        coding=coding if data else None,
        min_size=number(spec.map("parameters"), "min_size") or None,
    )
    return pool, domains


def consented(site: "Site | None", name: str) -> bool:
    """Whether site.yaml accepts in writing that the pool of that name stops with one failure domain."""
    if site is None:
        return False
    storage = site.spec.storage
    return any(pool.name == name and pool.accept_io_stop for pool in (*storage.block_pools, *storage.object_stores))
