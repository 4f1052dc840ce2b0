"""What the two Ceph clusters have in common: monitors, network, encryption and disks.

Block and object storage are two clusters, so that backups of disks do not share the fate of the disks, and because the
CRUSH rules that erasure code needs lock out the kernel's RBD client.

- Monitors: 3, one in each of three availability zones, so that the loss of a zone leaves a majority.
- Disks: exactly those the inventory names, by a path that survives reboots. A disk that is not named is never touched.
- At rest: dm-crypt under every OSD when the site says so (clause 8.1.4.8-b).
- On the wire: Ceph's own encryption (clause 8.1.4.8-a). Kernel clients know it since Linux 5.11; the block cluster
  leaves it off when any host runs an older kernel, because that host could not attach a disk.
- Nothing is removed by itself: an OSD that is down for good is purged by a person (`./yiyun` names the step).
"""

import re
from typing import Any, Literal

from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import Host

MONITORS = 3
ENCRYPTING_KERNEL = (5, 11)


def kernel_version(host: Host) -> tuple[int, int]:
    """Major and minor version of a host's kernel: `5.10.0-136.12` is (5, 10)."""
    major, minor = re.findall(r"\d+", host.kernel)[:2]
    return int(major), int(minor)


def storage_nodes(site: Site, use: Literal["block", "object"]) -> list[dict[str, Any]]:
    """CephCluster.spec.storage.nodes: each host with disks for this cluster, and those disks."""
    nodes = []
    for host in site.hosts:
        devices = [
            {"fullpath": disk.id, "config": {"deviceClass": disk.device_class}}
            for disk in host.disks
            if disk.use == use
        ]
        if devices:
            nodes.append({"name": host.name, "devices": devices})
    return nodes


def monitors(site: Site) -> dict[str, Any]:
    """CephCluster.spec.mon: one monitor in each of three zones; a site with fewer zones spreads them over hosts."""
    spec: dict[str, Any] = {"count": MONITORS, "allowMultiplePerNode": False}
    if len(site.zones) >= MONITORS:
        spec["failureDomainLabel"] = names.ZONE
        spec["zones"] = [{"name": zone} for zone in site.zones[:MONITORS]]
    return spec


def prefer_role(role: str) -> dict[str, Any]:
    """Placement that prefers hosts of an inventory role; monitors may run elsewhere in a zone that has none."""
    term = {"matchExpressions": [{"key": names.role_label(role), "operator": "In", "values": ["true"]}]}
    return {
        "nodeAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "preference": term}],
        }
    }


def ceph_cluster(
    site: Site, use: Literal["block", "object"], name: str, data_dir: str, encrypt_wire: bool
) -> dict[str, Any]:
    """The CephCluster `name`, in the namespace of the same name, on the hosts with disks for `use`."""
    storage = site.spec.storage
    network = [str(site.spec.network.storage)]
    role = f"storage_{use}"
    return {
        "apiVersion": "ceph.rook.io/v1",
        "kind": "CephCluster",
        "metadata": {"name": name, "namespace": name},
        "spec": {
            "cephVersion": {"image": storage.ceph_image, "allowUnsupported": False},
            "dataDirHostPath": data_dir,
            "mon": monitors(site),
            "mgr": {"count": 2, "allowMultiplePerNode": False, "modules": [{"name": "rook", "enabled": True}]},
            "dashboard": {"enabled": False},
            "monitoring": {"enabled": True},
            "crashCollector": {"disable": False, "daysToRetain": 180},
            "logCollector": {"enabled": True, "periodicity": "daily", "maxLogSize": "500M"},
            "network": {
                "provider": "host",
                "addressRanges": {"public": network, "cluster": network},
                "connections": {"requireMsgr2": encrypt_wire, "encryption": {"enabled": encrypt_wire}},
            },
            "csi": {"readAffinity": {"enabled": True, "crushLocationLabels": [names.ZONE]}},
            "cephConfig": {
                "global": {
                    "osd_pool_default_size": "3",
                    "osd_pool_default_min_size": "2",
                    "mon_allow_pool_delete": "false",
                    "mon_allow_pool_size_one": "false",
                    "mon_osd_down_out_interval": "900",
                    # A whole rack or zone that goes dark comes back; copying its data elsewhere would not fit.
                    "mon_osd_down_out_subtree_limit": "rack",
                }
            },
            "disruptionManagement": {"managePodBudgets": True, "osdMaintenanceTimeout": 60},
            "removeOSDsIfOutAndSafeToRemove": False,
            "upgradeOSDRequiresHealthyPGs": True,
            "placement": {"mon": prefer_role(role), "mgr": prefer_role(role)},
            "priorityClassNames": {
                "mon": "system-node-critical",
                "osd": "system-node-critical",
                "mgr": "system-cluster-critical",
            },
            "resources": {
                "mon": {"requests": {"cpu": "500m", "memory": "2Gi"}, "limits": {"memory": "4Gi"}},
                "mgr": {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "4Gi"}},
                "osd": {"requests": {"cpu": "1", "memory": "5Gi"}, "limits": {"memory": "8Gi"}},
            },
            "storage": {
                "useAllNodes": False,
                "useAllDevices": False,
                "allowDeviceClassUpdate": False,
                "allowOsdCrushWeightUpdate": False,
                "osdMaxUpdatesInParallel": 4,
                "flappingRestartIntervalHours": 24,
                "config": {"encryptedDevice": "true" if storage.encrypted else "false"},
                "nodes": storage_nodes(site, use),
            },
        },
    }
