"""Where backups go, and whether they would be lost together with what they are copies of."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from yiyun.compliance.facts import Map, Object
from yiyun.compliance.world import World, selects

STORE = "ceph.rook.io/CephObjectStore"
SCHEDULE = "velero.io/Schedule"
TARGET_KINDS = (
    "barmancloud.cnpg.io/ObjectStore",
    "oceanbase.oceanbase.com/OBTenantBackupPolicy",
    "pingcap.com/BackupSchedule",
    "velero.io/BackupStorageLocation",
)
"""Kinds that say where backups go."""
_TARGETS = (
    ("config", "s3Url"),
    ("configuration", "endpointURL"),
    ("backupTemplate.s3", "endpoint"),
    ("logBackupTemplate.s3", "endpoint"),
    ("logArchive.destination", "path"),
    ("dataBackup.destination", "path"),
)
"""Where in `spec` the kinds above keep the address of the object store."""
_RGW = re.compile(r"rook-ceph-rgw-(?P<store>[a-z0-9-]+)\.(?P<namespace>[a-z0-9-]+)(\.svc(\..+)?)?")


class Target(NamedTuple):
    """The address of an object store that backups go to."""

    path: str
    """Where it stands in the object."""
    address: str
    """A URL, or a bare `host[:port]`, which means TLS."""


def targets(obj: Object) -> Iterator[Target]:
    """Addresses of object stores in an object of TARGET_KINDS."""
    for parent, key in _TARGETS:
        holder = obj.spec.walk(parent)
        address = holder.text(key)
        if key == "path":  # OceanBase: s3://bucket/folder?host=HOST&...
            fields = dict(part.partition("=")[::2] for part in address.partition("?")[2].split("&"))
            address = fields.get("host", "")
        if address:
            yield Target(holder.at(key), address)


def host_of(address: str) -> str:
    """Host name of a URL, or of a bare `host[:port]`."""
    return (urlsplit(address if "//" in address else f"//{address}").hostname or "").lower()


def shared_cluster(world: World, address: str) -> str | None:
    """Namespace of the Ceph cluster behind an object store's address, if that cluster also holds disks.

    None: the object store is none of the input's, or its cluster holds no disks.
    """
    host = host_of(address)
    match = _RGW.fullmatch(host)
    namespaces = {match["namespace"]} if match else set()
    for store in world.all(STORE):
        hosting = store.elsewhere.walk("spec.hosting")
        names = {name.lower() for name in hosting.texts("dnsNames")}
        names.add(hosting.map("advertiseEndpoint").text("dnsName").lower())
        if host and host in names:
            namespaces.add(store.namespace)
    return next((namespace for namespace in sorted(namespaces) if _holds_disks(world, namespace)), None)


def _holds_disks(world: World, namespace: str) -> bool:
    """Whether the Ceph cluster of a namespace has block pools for volumes; `.mgr` and the like are its own."""
    pools = world.all("ceph.rook.io/CephBlockPool", namespace)
    return any(not (pool.elsewhere.map("spec").text("name") or pool.name).startswith(".") for pool in pools)


def copied_away(world: World, namespace: str, labels: dict[str, str]) -> bool:
    """Whether a Velero schedule copies the data of an object's disks out of the block cluster."""
    return any(_takes(schedule, namespace, labels) for schedule in world.all(SCHEDULE))


def _takes(schedule: Object, namespace: str, labels: dict[str, str]) -> bool:
    spec = schedule.elsewhere.map("spec")
    template = spec.map("template")
    moved = template.flag("snapshotMoveData") or template.flag("defaultVolumesToFsBackup")
    included, excluded = template.texts("includedNamespaces"), template.texts("excludedNamespaces")
    resources = template.texts("includedResources")
    return bool(
        moved
        and not spec.flag("paused")
        and (not included or "*" in included or namespace in included)
        and namespace not in excluded
        and (not resources or "*" in resources or "persistentvolumeclaims" in resources)
        and _selected(template, labels)
    )


def _selected(template: Map, labels: dict[str, str]) -> bool:
    alternatives = template.maps("orLabelSelectors")
    if alternatives:
        return any(selects(selector, labels) for selector in alternatives)
    return selects(template.map("labelSelector"), labels)
