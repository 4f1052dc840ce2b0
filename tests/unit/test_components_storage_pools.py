"""Where copies and shards lie: the CRUSH settings of pools (decision 2)."""

import pytest
from shipped import changed, site
from site_edits import with_spec

from yiyun.components.ceph_block import ceph_block_items
from yiyun.components.ceph_pool import pool_spec, small_pool_spec
from yiyun.site.model import FailureDomain, Pool
from yiyun.site.placement import layout

HOSPITAL = site("hospital")
LAB = site("lab")
ZONES = LAB.zones


def pool(**fields):
    base = {"name": "p", "device_class": "hdd", "zones": ZONES, "failure_domain": FailureDomain.ZONE}
    return Pool(**(base | fields))


def test_copies_over_zones_keep_one_in_each():
    spec = pool_spec(LAB, pool(replicas=3), "object")
    assert spec["failureDomain"] == "zone"
    assert spec["replicated"] == {"size": 3, "requireSafeReplicaSize": True}
    assert spec["deviceClass"] == "hdd"
    assert "crushRoot" not in spec


@pytest.mark.parametrize(
    ("domain", "crush_type"),
    [(FailureDomain.RACK, "rack"), (FailureDomain.SWITCH_PAIR, "row"), (FailureDomain.HOST, "host")],
)
def test_a_pool_of_one_zone_starts_at_that_zone(domain, crush_type):
    spec = pool_spec(LAB, pool(replicas=2, zones=("az2",), failure_domain=domain), "object")
    assert spec["crushRoot"] == "az2"
    assert spec["failureDomain"] == crush_type


def test_min_size_is_written_as_the_site_says():
    assert pool_spec(LAB, pool(replicas=3), "object")["parameters"]["min_size"] == "2"
    assert pool_spec(LAB, pool(data=4, coding=2), "object")["parameters"]["min_size"] == "5"
    assert pool_spec(LAB, pool(data=4, coding=2, min_size=4), "object")["parameters"]["min_size"] == "4"


def test_several_shards_in_one_zone_take_an_msr_rule():
    spec = pool_spec(LAB, pool(data=4, coding=2), "object")
    assert spec["erasureCoded"] == {
        "dataChunks": 4,
        "codingChunks": 2,
        "crushNumFailureDomains": 3,
        "crushOSDsPerFailureDomain": 2,
    }
    assert "replicated" not in spec


def test_one_shard_in_each_zone_takes_a_plain_rule():
    spec = pool_spec(LAB, pool(data=2, coding=1), "object")
    assert spec["erasureCoded"] == {"dataChunks": 2, "codingChunks": 1}


def test_two_copies_in_each_of_two_zones_lie_on_different_hosts():
    spec = pool_spec(LAB, pool(replicas=4, zones=("az1", "az2")), "object")
    assert spec["replicated"]["replicasPerFailureDomain"] == 2
    assert spec["replicated"]["subFailureDomain"] == "host"


def test_small_pools_are_replicated_over_the_same_zones():
    spec = small_pool_spec(LAB, pool(data=4, coding=2), "object")
    assert (spec["failureDomain"], spec["replicated"]["size"]) == ("zone", 3)
    assert spec["parameters"]["min_size"] == "2"
    assert spec["deviceClass"] == "hdd"


def test_small_pools_over_two_zones_have_four_copies():
    spec = small_pool_spec(LAB, pool(replicas=4, zones=("az1", "az2")), "object")
    assert (spec["replicated"]["size"], spec["replicated"]["replicasPerFailureDomain"]) == (4, 2)


def test_only_data_pools_of_buckets_are_bulk():
    assert pool_spec(LAB, pool(replicas=3), "object", bulk=True)["parameters"]["bulk"] == "true"
    assert "bulk" not in pool_spec(LAB, pool(replicas=3), "object")["parameters"]


@pytest.mark.parametrize("name", ["lab", "hospital"])
def test_every_pool_of_the_block_cluster_has_a_device_class(name):
    shipped = site(name)
    pools = [
        i.manifest for i in ceph_block_items(shipped, shipped.spec.storage) if i.manifest["kind"] == "CephBlockPool"
    ]
    assert len(pools) > len(shipped.spec.storage.block_pools)
    assert all(each["spec"]["deviceClass"] for each in pools)
    mgr = [each for each in pools if each["spec"].get("name") == ".mgr"]
    assert len(mgr) == 1
    assert mgr[0]["spec"]["replicated"]["size"] == 3


def test_pools_of_the_shipped_sites_follow_the_site():
    pools = {i.manifest["metadata"]["name"]: i.manifest for i in ceph_block_items(HOSPITAL, HOSPITAL.spec.storage)}
    for wanted in HOSPITAL.spec.storage.block_pools:
        spec = pools[wanted.name]["spec"]
        assert spec["parameters"]["min_size"] == str(layout(wanted).min_size)
        assert spec.get("crushRoot") == (wanted.zones[0] if len(wanted.zones) == 1 else None)


def test_an_erasure_coded_block_pool_keeps_its_metadata_in_copies():
    coded = pool(name="cold", device_class="ssd", data=2, coding=1)
    storage = changed(LAB.spec.storage, block_pools=(*LAB.spec.storage.block_pools, coded))
    pools = {
        i.manifest["metadata"]["name"]: i.manifest["spec"]
        for i in ceph_block_items(with_spec(LAB, storage=storage), storage)
    }
    assert pools["cold"]["erasureCoded"] == {"dataChunks": 2, "codingChunks": 1}
    assert pools["cold.metadata"]["replicated"]["size"] == 3
    assert pools["cold.metadata"]["deviceClass"] == "ssd"
