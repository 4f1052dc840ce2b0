"""Copies of disks in the object cluster."""

import pytest
from shipped import SITES, by_key, changed, site
from site_edits import with_spec

from yiyun.components.backup import backup_items, weekly
from yiyun.components.ceph_object import ceph_object_items

LAB = site("lab")
LOCATION = "BackupStorageLocation/velero/object-cluster"


@pytest.mark.parametrize("name", SITES)
def test_copies_lie_in_the_object_cluster(name):
    shipped = site(name)
    location = by_key(backup_items(shipped, shipped.spec.backup))[LOCATION]["spec"]
    assert location["objectStorage"]["bucket"] == shipped.spec.backup.bucket
    bucket = next(b for b in shipped.spec.storage.buckets if b.name == shipped.spec.backup.bucket)
    user = next(u for u in shipped.spec.storage.object_users if u.name == bucket.user)
    store = f"CephObjectStore/rook-ceph-object/{user.store}"
    assert store in by_key(ceph_object_items(shipped, shipped.spec.storage))
    assert location["config"]["s3Url"] == f"https://rook-ceph-rgw-{user.store}.rook-ceph-object.svc"
    assert location["objectStorage"]["caCertRef"] == {"name": "site-ca", "key": "ca.crt"}


@pytest.mark.parametrize("label", ["daily", "weekly"])
def test_schedules_move_labelled_data_of_every_tenant(label):
    schedule = by_key(backup_items(LAB, LAB.spec.backup))[f"Schedule/velero/{label}"]["spec"]
    template = schedule["template"]
    assert template["labelSelector"] == {"matchLabels": {"yiyun.io/backup": label}}
    assert template["snapshotMoveData"] is True
    assert template["defaultVolumesToFsBackup"] is False
    assert template["storageLocation"] == "object-cluster"
    assert set(template["includedNamespaces"]) == {tenant.name for tenant in LAB.spec.tenants}


def test_copies_are_kept_as_long_as_the_site_says():
    where = with_spec(LAB, backup=changed(LAB.spec.backup, keep_days=10))
    items = by_key(backup_items(where, where.spec.backup))
    assert items["Schedule/velero/daily"]["spec"]["template"]["ttl"] == "240h0m0s"
    assert items["Schedule/velero/weekly"]["spec"]["template"]["ttl"] == "672h0m0s"


def test_weekly_copies_run_at_the_hour_of_the_daily_ones():
    assert weekly("30 1 * * *") == "30 1 * * 0"
    items = by_key(backup_items(LAB, LAB.spec.backup))
    assert items["Schedule/velero/daily"]["spec"]["schedule"] == LAB.spec.backup.schedule
