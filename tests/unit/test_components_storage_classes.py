"""Storage, QoS and snapshot classes, and buckets."""

import pytest
from shipped import SITES, by_key, changed, site
from site_edits import with_spec

from yiyun.components.bucket import bucket_items
from yiyun.components.storage_class import block_class, qos_class, qos_class_name, storage_class_items
from yiyun.site.model import Pool, QosClass

LAB = site("lab")
CSI_STEPS = {
    "provisioner",
    "controller-expand",
    "controller-publish",
    "controller-modify",
    "node-stage",
    "node-publish",
}


@pytest.mark.parametrize("pool", LAB.spec.storage.block_pools, ids=lambda pool: pool.name)
def test_disks_are_kept_can_grow_and_can_be_shared(pool):
    manifest = block_class(LAB, pool)
    assert manifest["reclaimPolicy"] == "Retain"
    assert manifest["allowVolumeExpansion"] is True
    parameters = manifest["parameters"]
    assert (parameters["pool"], parameters["clusterID"]) == (pool.name, "rook-ceph")
    assert parameters["imageFeatures"] == "layering"
    for step in CSI_STEPS:
        assert parameters[f"csi.storage.k8s.io/{step}-secret-namespace"] == "rook-ceph"
        user = "rook-csi-rbd-node" if step.startswith("node") else "rook-csi-rbd-provisioner"
        assert parameters[f"csi.storage.k8s.io/{step}-secret-name"] == user


@pytest.mark.parametrize("name", SITES)
def test_one_class_is_the_default(name):
    shipped = site(name)
    classes = [i.manifest for i in storage_class_items(shipped, shipped.spec.storage)]
    defaults = [
        c["metadata"]["name"]
        for c in classes
        if c["metadata"].get("annotations", {}).get("storageclass.kubernetes.io/is-default-class") == "true"
    ]
    assert defaults == [f"block-{shipped.default_pool.name}"]


@pytest.mark.parametrize("name", SITES)
def test_tenants_can_read_where_their_data_lie(name):
    shipped = site(name)
    classes = [i.manifest for i in storage_class_items(shipped, shipped.spec.storage)]
    classes += [i.manifest for i in bucket_items(shipped, shipped.spec.storage)]
    told = [c["metadata"]["annotations"]["yiyun.io/location"] for c in classes if c["kind"] == "StorageClass"]
    assert len(told) == len(shipped.spec.storage.block_pools) + len(shipped.spec.storage.object_stores)
    assert set(told) == {"; ".join(f"{zone.name}: {zone.location}" for zone in shipped.spec.zones)}


def test_an_erasure_coded_pool_is_the_data_pool_of_its_class():
    coded = Pool(name="cold", device_class="ssd", zones=("az1",), failure_domain="rack", data=2, coding=1)
    parameters = block_class(LAB, coded)["parameters"]
    assert (parameters["pool"], parameters["dataPool"]) == ("cold.metadata", "cold")


def test_limits_are_operations_and_bytes_per_second():
    qos = QosClass(name="gold", read_iops=2000, write_iops=1000, read_mib=8, write_mib=4)
    manifest = qos_class(qos)
    assert manifest["apiVersion"] == "storage.k8s.io/v1"
    assert manifest["parameters"] == {
        "maxReadIops": "2000",
        "maxWriteIops": "1000",
        "maxReadBps": "8388608",
        "maxWriteBps": "4194304",
    }


def test_other_limits_make_another_class():
    qos = LAB.spec.storage.qos_classes[0]
    for field in ("read_iops", "write_iops", "read_mib", "write_mib"):
        assert qos_class_name(changed(qos, **{field: 1})) != qos_class_name(qos)


def test_there_is_a_class_that_lifts_limits():
    classes = [i.manifest for i in storage_class_items(LAB, LAB.spec.storage)]
    limits = [c["parameters"] for c in classes if c["metadata"]["name"].startswith("disk-unlimited.")]
    assert [int(each["maxReadIops"]) >= 10**8 for each in limits] == [True]


def test_velero_finds_the_snapshot_class():
    manifest = by_key(storage_class_items(LAB, LAB.spec.storage))["VolumeSnapshotClass/block"]
    assert manifest["metadata"]["labels"] == {"velero.io/csi-volumesnapshot-class": "true"}
    assert manifest["parameters"]["clusterID"] == "rook-ceph"


@pytest.mark.parametrize("name", SITES)
def test_buckets_belong_to_their_tenant_and_are_kept(name):
    shipped = site(name)
    storage = shipped.spec.storage
    users = {user.name: user for user in storage.object_users}
    items = bucket_items(shipped, storage)
    claims = {i.manifest["metadata"]["name"]: i for i in items if i.manifest["kind"] == "ObjectBucketClaim"}
    assert set(claims) == {bucket.name for bucket in storage.buckets}
    classes = {i.manifest["metadata"]["name"]: i.manifest for i in items if i.manifest["kind"] == "StorageClass"}
    for bucket in storage.buckets:
        user, claim = users[bucket.user], claims[bucket.name]
        assert claim.holds_data
        assert claim.manifest["metadata"]["namespace"] == user.tenant
        spec = claim.manifest["spec"]
        assert spec["bucketName"] == bucket.name
        assert spec["additionalConfig"]["bucketOwner"] == user.name
        assert spec["additionalConfig"]["bucketMaxSize"][-2:] in {"Gi", "Ti"}
        bucket_class = classes[spec["storageClassName"]]
        assert bucket_class["parameters"]["objectStoreName"] == user.store
        assert bucket_class["reclaimPolicy"] == "Retain"


def test_classes_of_an_edited_site_follow_the_edit():
    storage = changed(LAB.spec.storage, qos_classes=())
    names = [i.manifest["metadata"]["name"] for i in storage_class_items(with_spec(LAB, storage=storage), storage)]
    assert [name for name in names if name.startswith("disk-")] == [
        "disk-unlimited.100000000-100000000-1000000-1000000"
    ]
