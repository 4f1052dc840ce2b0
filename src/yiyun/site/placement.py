"""Arithmetic of Ceph pools: how many copies or shards one lost failure domain takes (design, decision 2).

A pool has n = k + m copies or shards: replicas are k = 1, m = n - 1; erasure code says k and m. Over D failure
domains they are spread evenly, so the fullest domain holds s = ceil(n / D). Losing it loses data when s > m, and
stops I/O when fewer than min_size are left, that is when s > k + m - min_size.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from yiyun.site.model import Host, Pool

if TYPE_CHECKING:
    from yiyun.site.loader import Site

Cluster = Literal["block", "object"]
Unit = Literal["zone", "rack", "switch_pair"]
UNITS: tuple[Unit, ...] = ("zone", "rack", "switch_pair")


class Layout(NamedTuple):
    """Shape of a pool."""

    k: int
    """Copies or shards that hold the data; 1 for replicas."""
    m: int
    """Copies or shards that may be lost without losing data."""
    min_size: int
    """Copies or shards that must be up for I/O."""


class Verdict(NamedTuple):
    """What losing the fullest failure domain does to a pool."""

    data_lost: bool
    io_stops: bool
    fits: bool
    """Whether all copies or shards find a place."""
    reason: str
    """One sentence with the numbers."""


class Row(NamedTuple):
    """One pool after the loss of one zone, rack or switch pair, in the worst placement."""

    cluster: Cluster
    pool: str
    unit: Unit
    name: str
    """Name of what is lost."""
    lost: int
    left: int
    min_size: int

    @property
    def survives(self) -> bool:
        """Whether I/O goes on."""
        return self.left >= self.min_size


def layout(pool: Pool) -> Layout:
    """Numbers of a pool, with Ceph's default min_size where none is written.

    Raises ValueError when the pool says neither `replicas` nor `data` and `coding`.
    """
    if pool.replicas is not None:
        n = pool.replicas
        return Layout(1, n - 1, pool.min_size or n - n // 2)
    if pool.data is None or pool.coding is None:
        raise ValueError(f"pool {pool.name} has neither replicas nor data and coding")
    return Layout(pool.data, pool.coding, pool.min_size or pool.data + 1)


def largest_loss(pool: Pool, number_of_domains: int) -> int:
    """Copies or shards in the fullest of the failure domains; all of them when there is none."""
    k, m, _ = layout(pool)
    return -(-(k + m) // number_of_domains) if number_of_domains > 0 else k + m


def used_domains(pool: Pool, number_of_domains: int) -> int:
    """Failure domains that one object is spread over, `largest_loss` copies or shards in each."""
    k, m, _ = layout(pool)
    return -(-(k + m) // largest_loss(pool, number_of_domains))


def judge(pool: Pool, domains: int, disks_per_domain: Sequence[int] | None = None) -> Verdict:
    """Judge a pool over `domains` failure domains that hold `disks_per_domain` disks (None: enough).

    Replicas fit when every used domain takes the same number of them (CRUSH places a fixed number per domain);
    each domain needs a disk of its own for each copy or shard that it holds.
    """
    k, m, min_size = layout(pool)
    s = largest_loss(pool, domains)
    disks = [s] * domains if disks_per_domain is None else list(disks_per_domain)
    even = pool.replicas is None or (k + m) % s == 0
    fits = domains > 0 and even and all(count >= s for count in disks)
    data_lost, io_stops = s > m, s > k + m - min_size
    shape = f"{k + m} copies" if pool.replicas is not None else f"{k}+{m} shards"
    spread = f"{shape} over {domains} {_plural(pool)} put {s} into one"
    if not fits and even and domains > 0:
        reason = f"{spread}, but one has only {min(disks)} disks of class {pool.device_class}"
    elif not fits:
        reason = f"{shape} do not fit {domains} {_plural(pool)} evenly"
    elif data_lost:
        reason = f"{spread}: losing it loses {s} of {k + m} where at most {m} may be lost, so data is lost"
    elif io_stops:
        reason = f"{spread}: losing it leaves {k + m - s}, fewer than min_size {min_size}, so I/O stops"
    else:
        reason = f"{spread}: losing it leaves {k + m - s}, at least min_size {min_size}"
    return Verdict(data_lost, io_stops, fits, reason)


def _plural(pool: Pool) -> str:
    return {"host": "hosts", "rack": "racks", "switch_pair": "switch pairs", "zone": "zones"}[pool.failure_domain]


def index_pool(store: Pool, number_of_domains: int) -> Pool:
    """The small pools of an object store (bucket indexes and the like): 3 replicas over the same failure domains.

    Over two domains they are 4, since of 3 only one would be left when the wrong domain is lost.
    """
    replicas = 4 if number_of_domains == 2 else 3
    return store.model_copy(
        update={"name": f"{store.name}.index", "replicas": replicas, "data": None, "coding": None, "min_size": 2}
    )


def with_index(site: "Site", pool: Pool, cluster: Cluster) -> list[Pool]:
    """A pool and, for an object store, its index pool."""
    return [pool] if cluster == "block" else [pool, index_pool(pool, len(site.domains(pool, cluster)))]


def pools(site: "Site") -> list[tuple[Cluster, Pool]]:
    """Every pool of a site, index pools of object stores included."""
    result: list[tuple[Cluster, Pool]] = [("block", pool) for pool in site.spec.storage.block_pools]
    for store in site.spec.storage.object_stores:
        result += [("object", pool) for pool in with_index(site, store, "object")]
    return result


def disks(host: Host, pool: Pool, cluster: Cluster) -> int:
    """Number of disks of a host that a pool may use."""
    return sum(disk.use == cluster and disk.device_class == pool.device_class for disk in host.disks)


def disks_of(hosts: Iterable[Host], pool: Pool, cluster: Cluster) -> int:
    """Number of disks of several hosts that a pool may use."""
    return sum(disks(host, pool, cluster) for host in hosts)


def survival(site: "Site") -> list[Row]:
    """For every pool, and every zone, rack and switch pair: copies or shards left when it is lost.

    The placement is the worst that the failure domain allows: of each failure domain as many copies as it may
    hold lie in what is lost, as far as there are disks for them.
    """
    rows = []
    for cluster, pool in pools(site):
        k, m, min_size = layout(pool)
        domains = site.domains(pool, cluster)
        s = largest_loss(pool, len(domains))
        for unit in UNITS:
            for name in sorted({str(getattr(host, unit)) for host in site.hosts}):
                inside = [[host for host in hosts if getattr(host, unit) == name] for hosts in domains.values()]
                lost = min(k + m, sum(min(s, disks_of(hosts, pool, cluster)) for hosts in inside))
                rows.append(Row(cluster, pool.name, unit, name, lost, k + m - lost, min_size))
    return rows
