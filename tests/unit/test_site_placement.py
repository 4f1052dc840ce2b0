"""Arithmetic of pools: the formula against a placement found by counting, and every loss in the shipped sites."""

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from site_copies import INVENTORIES, Copy

from yiyun.site import Site, placement
from yiyun.site.model import FailureDomain, Pool


def pool(**fields):
    base = {"name": "p", "device_class": "hdd", "zones": ("az1",), "failure_domain": FailureDomain.SWITCH_PAIR}
    return Pool(**{**base, **fields})


POOLS = st.one_of(
    st.builds(pool, replicas=st.integers(1, 8)),
    st.builds(pool, data=st.integers(1, 8), coding=st.integers(1, 4)),
)


@pytest.mark.parametrize(
    ("fields", "domains", "data_lost", "io_stops", "fits"),
    [
        # The table of the design's decision 2, and of the research behind it.
        ({"replicas": 3}, 3, False, False, True),
        ({"replicas": 4}, 3, False, False, True),
        ({"data": 2, "coding": 2}, 3, False, True, True),
        ({"data": 2, "coding": 2}, 4, False, False, True),
        ({"data": 4, "coding": 2}, 3, False, True, True),
        ({"data": 4, "coding": 2, "min_size": 4}, 3, False, False, True),
        ({"data": 8, "coding": 3}, 3, True, True, True),
        ({"data": 8, "coding": 3}, 4, False, True, True),
        ({"data": 8, "coding": 3}, 6, False, False, True),
        ({"data": 8, "coding": 3}, 11, False, False, True),
        ({"replicas": 3}, 2, False, True, False),
        ({"replicas": 5}, 3, False, False, False),
        ({"replicas": 1}, 3, True, True, True),
        ({"replicas": 2}, 3, False, False, True),
        ({"replicas": 3}, 1, True, True, True),
        ({"replicas": 3}, 0, True, True, False),
    ],
)
def test_table(fields, domains, data_lost, io_stops, fits):
    verdict = placement.judge(pool(**fields), domains)
    assert (verdict.data_lost, verdict.io_stops, verdict.fits) == (data_lost, io_stops, fits)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"replicas": 2}, (1, 1, 1)),
        ({"replicas": 3}, (1, 2, 2)),
        ({"replicas": 4}, (1, 3, 2)),
        ({"replicas": 5}, (1, 4, 3)),
        ({"replicas": 3, "min_size": 1}, (1, 2, 1)),
        ({"data": 4, "coding": 2}, (4, 2, 5)),
        ({"data": 4, "coding": 2, "min_size": 4}, (4, 2, 4)),
    ],
)
def test_layout(fields, expected):
    assert placement.layout(pool(**fields)) == expected


def test_layout_of_a_pool_that_says_none():
    with pytest.raises(ValueError, match="pool p has neither"):
        placement.layout(pool(data=2))


def evenest(shards, domains):
    """The fullest domain of the most even way to spread shards, found by trying all ways."""
    spreads = (spread for spread in itertools.product(range(shards + 1), repeat=domains) if sum(spread) == shards)
    return min(max(spread) for spread in spreads)


@given(POOLS, st.integers(1, 4))
def test_largest_loss_is_that_of_the_evenest_spread(candidate, domains):
    k, m, _ = placement.layout(candidate)
    assume(k + m <= 7)
    assert placement.largest_loss(candidate, domains) == evenest(k + m, domains)


@given(POOLS, st.integers(1, 20))
def test_used_domains_hold_all_and_are_there(candidate, domains):
    k, m, _ = placement.layout(candidate)
    used, s = placement.used_domains(candidate, domains), placement.largest_loss(candidate, domains)
    assert used <= domains
    assert (used - 1) * s < k + m <= used * s


@given(POOLS, st.integers(1, 20))
def test_more_domains_never_make_it_worse(candidate, domains):
    few, more = placement.judge(candidate, domains), placement.judge(candidate, domains + 1)
    assert (more.data_lost, more.io_stops) <= (few.data_lost, few.io_stops)


@given(POOLS, st.integers(0, 20), st.lists(st.integers(0, 9), max_size=20))
def test_verdict_says_what_the_numbers_say(candidate, domains, disks):
    k, m, min_size = placement.layout(candidate)
    s = placement.largest_loss(candidate, domains)
    verdict = placement.judge(candidate, domains, (disks + [9] * 20)[:domains])
    assert verdict.data_lost == (k + m - s < k)
    assert verdict.io_stops == (k + m - s < min_size)
    if verdict.fits:
        assert all(count >= s for count in (disks + [9] * 20)[:domains])
    assert verdict.reason.startswith(f"{k + m} copies" if candidate.replicas else f"{k}+{m} shards")


@pytest.mark.parametrize("name", ["lab", "hospital"])
def test_every_pool_survives_every_loss_in_the_shipped_sites(name):
    site = Site.load(INVENTORIES / name)
    rows = placement.survival(site)
    units = {(unit, getattr(host, unit)) for unit in placement.UNITS for host in site.hosts}
    pools = {("block", each.name) for each in site.spec.storage.block_pools}
    stores = [each.name for each in site.spec.storage.object_stores]
    pools |= {("object", f"{each}{index}") for each in stores for index in ("", ".index")}
    assert {(row.cluster, row.pool, row.unit, row.name) for row in rows} == {(*p, *u) for p in pools for u in units}
    assert [row for row in rows if row.left < row.min_size] == []
    assert all(row.lost > 0 for row in rows if row.unit == "zone")


def test_survival_is_that_of_the_worst_placement(tmp_path):
    """Every way to place the shards of the lab's 4+2 store, 2 in each zone: no rack takes more than is foretold."""
    site = Site.load(Copy(tmp_path).path)
    store = site.store("archive")
    disks = [(host, n) for host in site.hosts for n in range(placement.disks(host, store, "object"))]
    by_zone = {zone: [disk for disk in disks if disk[0].zone == zone] for zone in site.zones}
    worst = dict.fromkeys({host.rack for host in site.hosts}, 0)
    for choice in itertools.product(*(itertools.combinations(in_zone, 2) for in_zone in by_zone.values())):
        placed = [host for pair in choice for host, _ in pair]
        for rack in worst:
            worst[rack] = max(worst[rack], sum(host.rack == rack for host in placed))
    foretold = {row.name: row.lost for row in placement.survival(site) if (row.pool, row.unit) == ("archive", "rack")}
    assert foretold == worst


def test_survival_tells_what_a_pool_of_one_zone_does_not_survive(tmp_path):
    """With racks as failure domains in one zone, a switch pair that serves two racks takes two copies."""
    copy = Copy(tmp_path, "hospital")
    line = "    - {name: local, device_class: nvme, zones: [az1], failure_domain: rack, replicas: 3}\n"
    copy.edit("site.yaml", "  object_stores:\n", f"{line}  object_stores:\n")
    rows = {row.name: row for row in placement.survival(Site.load(copy.path)) if row.pool == "local"}
    assert rows["az1-r1"].left == 2
    assert rows["az1-r1"].survives
    assert (rows["az1-sw1"].left, rows["az1-sw1"].survives) == (1, False)
    assert (rows["az1"].left, rows["az2"].left) == (0, 3)
