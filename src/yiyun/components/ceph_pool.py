"""Where the copies of a Ceph pool lie: CRUSH settings, copies or shards, and the least that must be up.

A pool over several availability zones keeps one copy (or an equal share of its shards) in each zone. A pool of one
zone starts at that zone's CRUSH bucket and spreads over its racks, switch pairs (CRUSH calls them rows) or hosts.
`min_size` is always written: it decides whether I/O goes on when one failure domain is lost (clause 8.1.4.9-c).
"""

from typing import Any

from yiyun.site import Site
from yiyun.site.model import FailureDomain, Pool
from yiyun.site.placement import Cluster, index_pool, largest_loss, layout, used_domains

CRUSH_TYPE = {
    FailureDomain.HOST: "host",
    FailureDomain.RACK: "rack",
    FailureDomain.SWITCH_PAIR: "row",
    FailureDomain.ZONE: "zone",
}


def pool_spec(site: Site, pool: Pool, cluster: Cluster, bulk: bool = False) -> dict[str, Any]:
    """Rook's PoolSpec of a pool of the site.

    `bulk` tells the autoscaler to start with all placement groups, for pools known to become large.
    Where more copies or shards than failure domains must be placed, each domain takes an equal share: an MSR rule for
    erasure code, `replicasPerFailureDomain` for copies.
    """
    k, m, min_size = layout(pool)
    domains = len(site.domains(pool, cluster))
    share = largest_loss(pool, domains)
    spec: dict[str, Any] = {"failureDomain": CRUSH_TYPE[pool.failure_domain], "deviceClass": pool.device_class}
    if len(pool.zones) == 1:
        spec["crushRoot"] = pool.zones[0]
    if pool.replicas is None:
        spec["erasureCoded"] = {"dataChunks": k, "codingChunks": m}
        if share > 1:
            spec["erasureCoded"] |= {
                "crushNumFailureDomains": used_domains(pool, domains),
                "crushOSDsPerFailureDomain": share,
            }
    else:
        spec["replicated"] = {"size": pool.replicas, "requireSafeReplicaSize": True}
        if share > 1:
            spec["replicated"] |= {"replicasPerFailureDomain": share, "subFailureDomain": "host"}
    spec["parameters"] = {"min_size": str(min_size), "pg_autoscale_mode": "on"}
    if bulk:
        spec["parameters"]["bulk"] = "true"
    return spec


def small_pool_spec(site: Site, pool: Pool, cluster: Cluster) -> dict[str, Any]:
    """PoolSpec of the small pools that go with `pool` (bucket indexes, metadata of disks, `.mgr`).

    They have 3 copies over the same failure domains; over two domains 4, because 3 would stop with one of them.
    """
    return pool_spec(site, index_pool(pool, len(site.domains(pool, cluster))), cluster)
