"""Pools of both Ceph clusters: their layout, failure domains and disks."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from yiyun.site import placement
from yiyun.site.checks.places import Places, Problem
from yiyun.site.model import FailureDomain, Pool
from yiyun.site.placement import Cluster
from yiyun.site.spelling import meant

if TYPE_CHECKING:
    from yiyun.site.loader import Site

LAYOUT_RULE = "ceph_pool_layout"

FAILURE_DOMAIN_RULE = "ceph_pool_failure_domain"


def pools_say_one_layout(site: "Site", at: Places) -> Iterator[Problem]:
    """A pool has either `replicas`, or `data` and `coding`."""
    for path, pool in pools_of(site):
        replicated = pool.replicas is not None
        coded = pool.data is not None and pool.coding is not None
        half_coded = (pool.data is None) != (pool.coding is None)
        if replicated == coded or half_coded or (replicated and pool.data is not None):
            where = at.site(*path, "replicas" if replicated else "data")
            yield Problem(where, f"pool {pool.name}: write either replicas, or both data and coding", LAYOUT_RULE)


def one_pool_is_the_default(site: "Site", at: Places) -> Iterator[Problem]:
    """Exactly one block pool serves disks that name none; at most one object store is marked."""
    storage = site.spec.storage
    marked = [i for i, pool in enumerate(storage.block_pools) if pool.default]
    if not marked:
        yield Problem(at.site("storage", "block_pools"), "no block pool is the default; write default: true at one")
    for i in marked[1:]:
        where = at.site("storage", "block_pools", i, "default")
        yield Problem(where, f"pool {storage.block_pools[i].name} is a second default; keep one")
    for i in [i for i, store in enumerate(storage.object_stores) if store.default][1:]:
        where = at.site("storage", "object_stores", i, "default")
        yield Problem(where, f"object store {storage.object_stores[i].name} is a second default; keep one")


def pools_have_the_right_failure_domain(site: "Site", at: Places) -> Iterator[Problem]:
    """A pool over several zones has failure domain zone; one of a single zone has rack or switch pair."""
    for path, pool in pools_of(site):
        where = at.site(*path, "failure_domain")
        zones = ", ".join(pool.zones)
        if len(pool.zones) > 1 and pool.failure_domain is not FailureDomain.ZONE:
            text = f"pool {pool.name}: failure domain {pool.failure_domain} over zones {zones} may put several copies "
            yield Problem(where, f"{text}into one zone; write failure_domain: zone", FAILURE_DOMAIN_RULE)
        if len(pool.zones) == 1 and pool.failure_domain in (FailureDomain.ZONE, FailureDomain.HOST):
            text = f"pool {pool.name}: failure domain {pool.failure_domain} inside zone {zones} may put all copies "
            yield Problem(where, f"{text}into one rack; write failure_domain: rack", FAILURE_DOMAIN_RULE)


def pools_have_a_sane_min_size(site: "Site", at: Places) -> Iterator[Problem]:
    """min_size lies between the shards that hold the data and all of them."""
    for path, pool in pools_of(site):
        k, m, min_size = placement.layout(pool)
        if not k <= min_size <= k + m:
            text = f"pool {pool.name}: min_size {min_size} must lie between {k} and {k + m}"
            yield Problem(at.site(*path, "min_size"), text, LAYOUT_RULE)


def pools_find_their_disks(site: "Site", at: Places) -> Iterator[Problem]:
    """Every zone of a pool has disks of its device class."""
    for path, pool in pools_of(site):
        cluster = _cluster(path)
        for j, zone in enumerate(pool.zones):
            if zone in pool.zones[:j]:
                yield Problem(at.site(*path, "zones", j), f"pool {pool.name}: zone {zone} is named twice; keep one")
        found = {host.zone for hosts in site.domains(pool, cluster).values() for host in hosts}
        classes = {disk.device_class or "" for host in site.hosts for disk in host.disks if disk.use == cluster}
        missing = [zone for zone in pool.zones if zone not in found]
        if missing:
            text = f"pool {pool.name}: no {cluster} disk of class {pool.device_class} in zone {', '.join(missing)}"
            hint = meant(pool.device_class, classes - {pool.device_class})
            yield Problem(at.site(*path, "device_class"), f"{text}{hint}; add disks to hosts.yaml", LAYOUT_RULE)


def pools_survive_a_failure_domain(site: "Site", at: Places) -> Iterator[Problem]:
    """Losing one failure domain loses no data, and stops no I/O unless that was accepted in writing."""
    for path, pool in pools_of(site):
        cluster = _cluster(path)
        for candidate in placement.with_index(site, pool, cluster):
            hosts = site.domains(candidate, cluster).values()
            disks = [placement.disks_of(domain, candidate, cluster) for domain in hosts]
            verdict = placement.judge(candidate, len(disks), disks)
            where, what = at.site(*path, "name"), f"pool {candidate.name}: {verdict.reason}"
            if not verdict.fits:
                yield Problem(where, f"{what}; add disks or choose another layout", LAYOUT_RULE)
            elif verdict.data_lost:
                yield Problem(where, f"{what}; use more failure domains or more coding", LAYOUT_RULE)
            elif verdict.io_stops and not pool.accept_io_stop:
                k, m, _ = placement.layout(candidate)
                left = k + m - placement.largest_loss(candidate, len(disks))
                text = f"{what}; use more failure domains, or write min_size: {left}, or accept_io_stop: true"
                yield Problem(where, text, LAYOUT_RULE)


def block_pools_serve_kernel_clients(site: "Site", at: Places) -> Iterator[Problem]:
    """No erasure-coded block pool puts several shards into one failure domain.

    That takes a multi-step CRUSH rule, with which the whole cluster refuses kernel RBD clients.
    """
    for i, pool in enumerate(site.spec.storage.block_pools):
        if pool.replicas is None and placement.largest_loss(pool, len(site.domains(pool, "block"))) > 1:
            where = at.site("storage", "block_pools", i, "name")
            text = f"block pool {pool.name}: several shards in one failure domain need a CRUSH rule that locks out"
            yield Problem(where, f"{text} kernel clients; write replicas, or no more shards than domains", LAYOUT_RULE)


def pools_of(site: "Site") -> Iterator[tuple[tuple[str | int, ...], Pool]]:
    """All pools, each with its path in site.yaml: block pools, then object stores."""
    for part, pools in (
        ("block_pools", site.spec.storage.block_pools),
        ("object_stores", site.spec.storage.object_stores),
    ):
        for i, pool in enumerate(pools):
            yield ("storage", part, i), pool


def _cluster(path: Sequence[str | int]) -> Cluster:
    return "block" if path[1] == "block_pools" else "object"
