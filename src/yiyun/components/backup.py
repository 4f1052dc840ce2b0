"""Copies of disks and virtual machines in the object cluster (clauses 8.1.4.9-a and 8.1.4.9-b).

Velero takes a snapshot of each disk, moves its data to a bucket of the OBJECT cluster and deletes the snapshot: the
copy outlives the disk, its virtual machine and the whole block cluster. What is copied is chosen by the label
`yiyun.io/backup` (`daily` or `weekly`) of the disk and of its machine. Block data is read whole each time; plan the
window of the schedule for the largest disks.
"""

from typing import Any

import pulumi

from yiyun.components.kubernetes import Component, Item, key
from yiyun.components.secret_refs import CA_KEY, SITE_CA, VELERO_NAMESPACE, VELERO_S3, bucket_user, rgw_host
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import Backup

LOCATION = "object-cluster"
S3_REGION = "us-east-1"
"""RGW ignores the region, S3 clients insist on one."""
WEEKLY_COPIES = 4


def weekly(schedule: str) -> str:
    """The cron line of a daily schedule, on Sundays only: `30 1 * * *` becomes `30 1 * * 0`."""
    minute, hour, *_ = schedule.split()
    return f"{minute} {hour} * * 0"


def backup_location(site: Site, spec: Backup) -> dict[str, Any]:
    """The BackupStorageLocation in the object cluster."""
    store = bucket_user(site, spec.bucket).store
    return {
        "apiVersion": "velero.io/v1",
        "kind": "BackupStorageLocation",
        "metadata": {"name": LOCATION, "namespace": VELERO_NAMESPACE},
        "spec": {
            "provider": "aws",
            "default": True,
            "accessMode": "ReadWrite",
            "credential": {"name": VELERO_S3, "key": "cloud"},
            "objectStorage": {
                "bucket": spec.bucket,
                "prefix": site.name,
                "caCertRef": {"name": SITE_CA, "key": CA_KEY},
            },
            "config": {
                "region": S3_REGION,
                "s3ForcePathStyle": "true",
                "s3Url": f"https://{rgw_host(store)}",
                "checksumAlgorithm": "",
            },
        },
    }


def backup_schedule(site: Site, label: str, cron: str, keep_days: int) -> dict[str, Any]:
    """A Schedule of everything labelled `yiyun.io/backup: <label>` in the tenants' namespaces."""
    return {
        "apiVersion": "velero.io/v1",
        "kind": "Schedule",
        "metadata": {"name": label, "namespace": VELERO_NAMESPACE},
        "spec": {
            "schedule": cron,
            "useOwnerReferencesInBackup": False,
            "template": {
                "includedNamespaces": [tenant.name for tenant in site.spec.tenants],
                "labelSelector": {"matchLabels": {names.BACKUP: label}},
                "storageLocation": LOCATION,
                "snapshotVolumes": True,
                "snapshotMoveData": True,
                "defaultVolumesToFsBackup": False,
                "csiSnapshotTimeout": "30m",
                "itemOperationTimeout": "24h",
                "ttl": f"{keep_days * 24}h0m0s",
            },
        },
    }


def backup_items(site: Site, spec: Backup) -> list[Item]:
    """The place of the copies and the two schedules."""
    location = backup_location(site, spec)
    after = (key(location),)
    return [
        Item(location),
        Item(backup_schedule(site, "daily", spec.schedule, spec.keep_days), after=after),
        Item(
            backup_schedule(site, "weekly", weekly(spec.schedule), max(spec.keep_days, 7 * WEEKLY_COPIES)),
            after=after,
        ),
    ]


class Backups(Component):
    """Backup location and schedules of a site."""

    def __init__(self, name: str, site: Site, spec: Backup, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Backups", name, site, backup_items(site, spec), opts)
