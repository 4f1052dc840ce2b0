"""Disks of hosts: each is listed once, for one use."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from yiyun.site.checks.places import Places, Problem

if TYPE_CHECKING:
    from yiyun.site.loader import Site


def disks_are_listed_once(site: "Site", at: Places) -> Iterator[Problem]:
    """A disk is in one pool: no host lists it twice, and no two hosts list one serial number."""
    serials: dict[str, str] = {}
    for host in site.hosts:
        seen: dict[str, str] = {}
        for i, disk in enumerate(host.disks):
            where = at.host(host.name, "yiyun_disks", i)
            if disk.id in seen:
                text = f"host {host.name}: disk {disk.id} is listed for {seen[disk.id]} and for {disk.use}; keep one"
                yield Problem(where, text)
            elif disk.id in serials:
                yield Problem(
                    where, f"hosts {serials[disk.id]} and {host.name} both list disk {disk.id}; a serial is unique"
                )
            seen.setdefault(disk.id, disk.use)
            if disk.id.startswith("/dev/disk/by-id/"):
                serials.setdefault(disk.id, host.name)


def ceph_disks_have_a_device_class(site: "Site", at: Places) -> Iterator[Problem]:
    """Disks of the two Ceph clusters have a device class, others none."""
    for host in site.hosts:
        for i, disk in enumerate(host.disks):
            for_ceph = disk.use in ("block", "object")
            if for_ceph != (disk.device_class is not None):
                remedy = f"write device_class, for example {disk.kind}" if for_ceph else "remove device_class"
                where = at.host(host.name, "yiyun_disks", i)
                yield Problem(where, f"host {host.name}: disk {disk.id} is for {disk.use}; {remedy}")


def ceph_disks_lie_on_storage_hosts(site: "Site", at: Places) -> Iterator[Problem]:
    """Disks for a Ceph cluster lie on hosts of its group."""
    for host in site.hosts:
        for i, disk in enumerate(host.disks):
            group = f"storage_{disk.use}"
            if disk.use in ("block", "object") and group not in host.roles:
                where = at.host(host.name, "yiyun_disks", i)
                yield Problem(
                    where, f"host {host.name}: disk {disk.id} is for {disk.use}; add the host to group {group}"
                )
