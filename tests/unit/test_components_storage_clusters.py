"""The two Ceph clusters: monitors, disks, encryption, object stores and users."""

import dataclasses

import pytest
from shipped import SITES, by_key, changed, item_of, site
from site_edits import with_spec

from yiyun.components.ceph_block import ceph_block_items
from yiyun.components.ceph_cluster import kernel_version
from yiyun.components.ceph_object import ceph_object_items

LAB = site("lab")
STORAGE = LAB.spec.storage
BLOCK = "CephCluster/rook-ceph/rook-ceph"
OBJECT = "CephCluster/rook-ceph-object/rook-ceph-object"


def cluster(where=LAB, use="block"):
    items = {"block": ceph_block_items, "object": ceph_object_items}[use](where, where.spec.storage)
    return by_key(items)[BLOCK if use == "block" else OBJECT]["spec"]


@pytest.mark.parametrize("name", SITES)
@pytest.mark.parametrize("use", ["block", "object"])
def test_one_monitor_in_each_zone(name, use):
    mon = cluster(site(name), use)["mon"]
    assert mon["count"] == 3
    assert [zone["name"] for zone in mon["zones"]] == list(site(name).zones)
    assert mon["failureDomainLabel"] == "topology.kubernetes.io/zone"
    assert mon["allowMultiplePerNode"] is False


def test_a_site_with_two_zones_gets_no_zones_of_monitors():
    two = with_spec(LAB, zones=LAB.spec.zones[:2])
    assert "zones" not in cluster(two)["mon"]
    assert cluster(two)["mon"]["count"] == 3


@pytest.mark.parametrize("name", SITES)
@pytest.mark.parametrize("use", ["block", "object"])
def test_exactly_the_disks_of_the_inventory_are_used(name, use):
    shipped = site(name)
    storage = cluster(shipped, use)["storage"]
    assert storage["useAllNodes"] is False
    assert storage["useAllDevices"] is False
    written = {
        (node["name"], device["fullpath"], device["config"]["deviceClass"])
        for node in storage["nodes"]
        for device in node["devices"]
    }
    wanted = {(h.name, d.id, d.device_class) for h in shipped.hosts for d in h.disks if d.use == use}
    assert wanted
    assert written == wanted


@pytest.mark.parametrize("encrypted", [True, False])
def test_disks_are_encrypted_as_the_site_says(encrypted):
    where = with_spec(LAB, storage=changed(STORAGE, encrypted=encrypted))
    assert cluster(where)["storage"]["config"]["encryptedDevice"] == str(encrypted).lower()


def test_kernel_versions_are_numbers():
    host = LAB.hosts[0]
    assert kernel_version(changed(host, kernel="5.10.0-136.12.el8")) == (5, 10)
    assert kernel_version(changed(host, kernel="6.6")) == (6, 6)


def test_one_old_kernel_turns_off_encryption_for_block_clients_only():
    new = dataclasses.replace(LAB, hosts=tuple(changed(host, kernel="5.11.0") for host in LAB.hosts))
    assert cluster(new)["network"]["connections"] == {"requireMsgr2": True, "encryption": {"enabled": True}}
    old = dataclasses.replace(new, hosts=(*new.hosts[1:], changed(new.hosts[0], kernel="5.10.134")))
    assert cluster(old)["network"]["connections"] == {"requireMsgr2": False, "encryption": {"enabled": False}}
    assert cluster(old, "object")["network"]["connections"]["encryption"] == {"enabled": True}


def test_traffic_stays_on_the_storage_network():
    ranges = cluster()["network"]["addressRanges"]
    assert ranges == {"public": [str(LAB.spec.network.storage)], "cluster": [str(LAB.spec.network.storage)]}


def test_nothing_is_removed_by_itself():
    spec = cluster()
    assert spec["removeOSDsIfOutAndSafeToRemove"] is False
    assert spec["cephConfig"]["global"]["mon_allow_pool_delete"] == "false"
    assert "cleanupPolicy" not in spec


def test_the_clusters_share_neither_namespace_nor_data_directory():
    assert cluster()["dataDirHostPath"] != cluster(use="object")["dataDirHostPath"]


def test_lost_hosts_are_fenced():
    driver = by_key(ceph_block_items(LAB, STORAGE))["Driver/rook-ceph/rook-ceph.rbd.csi.ceph.com"]
    assert driver["spec"]["enableFencing"] is True


@pytest.mark.parametrize("name", SITES)
def test_gateways_speak_tls_only_and_are_spread_over_their_zones(name):
    shipped = site(name)
    items = by_key(ceph_object_items(shipped, shipped.spec.storage))
    for store in shipped.spec.storage.object_stores:
        gateway = items[f"CephObjectStore/rook-ceph-object/{store.name}"]["spec"]["gateway"]
        assert gateway["securePort"] == 443
        assert "port" not in gateway
        certificate = items[f"Certificate/rook-ceph-object/{gateway['sslCertificateRef']}"]["spec"]
        assert certificate["secretName"] == gateway["sslCertificateRef"]
        assert f"rook-ceph-rgw-{store.name}.rook-ceph-object.svc" in certificate["dnsNames"]
        assert gateway["instances"] >= max(2, len(store.zones))
        spread = gateway["placement"]["topologySpreadConstraints"][0]
        assert (spread["topologyKey"], spread["whenUnsatisfiable"]) == ("topology.kubernetes.io/zone", "DoNotSchedule")
        terms = gateway["placement"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        zones = [e["values"] for e in terms["nodeSelectorTerms"][0]["matchExpressions"] if e["key"].endswith("/zone")]
        assert zones == [list(store.zones)]


def test_indexes_are_copies_even_where_data_is_coded():
    store = by_key(ceph_object_items(LAB, STORAGE))["CephObjectStore/rook-ceph-object/archive"]["spec"]
    assert store["metadataPool"]["replicated"]["size"] == 3
    assert store["dataPool"]["erasureCoded"]["dataChunks"] == 4
    assert store["dataPool"]["parameters"]["min_size"] == "4"
    assert store["preservePoolsOnDelete"] is True


def test_users_have_quotas_and_keys_by_reference():
    items = by_key(ceph_object_items(LAB, STORAGE))
    for user in STORAGE.object_users:
        spec = items[f"CephObjectStoreUser/rook-ceph-object/{user.name}"]["spec"]
        assert spec["store"] == user.store
        assert spec["quotas"]["maxBuckets"] == user.max_buckets
        assert spec["quotas"]["maxSize"][-2:] in {"Gi", "Ti"}
        references = {kind: ref["name"] for kind, ref in spec["keys"][0].items()}
        assert references == {"accessKeyRef": f"s3-{user.name}", "secretKeyRef": f"s3-{user.name}"}


@pytest.mark.parametrize("items", [ceph_block_items, ceph_object_items])
def test_whatever_holds_data_is_protected(items):
    kinds = {"CephCluster", "CephBlockPool", "CephObjectStore", "CephObjectStoreUser"}
    for item in items(LAB, STORAGE):
        assert item.holds_data == (item.manifest["kind"] in kinds)


def test_stores_come_after_their_cluster():
    item = item_of(ceph_object_items(LAB, STORAGE), "CephObjectStore/rook-ceph-object/records")
    assert OBJECT in item.after
