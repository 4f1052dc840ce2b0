"""Filters of playbooks of day 2: the decisions are yiyun's own, tested without hosts."""

import datetime
import getpass
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from yiyun.operations.hosts import certificates, cluster_state, disk_wipe, etcd_quorum

DOCUMENTATION = """
name: yiyun_operations
short_description: Whether a disk may be wiped, a member may leave etcd, a cluster may be upgraded
description:
  - yiyun_wipe_target turns `<host>:<disk>` and yiyun_host into id, kind and refusal.
  - yiyun_wipe_decision turns the output of roles/disks/files/inspect.sh into device, number, size, losses, releases,
    signatures and refusals.
  - yiyun_wipe_report makes the report of a wipe.
  - yiyun_decommission_report says what became of a host and of each of its disks.
  - yiyun_etcd_refusal says why a member may not leave etcd; empty where it may.
  - yiyun_cluster_ills lists, over the output of roles/kubernetes_control_plane/files/survey.sh, what is not well.
  - yiyun_upgrade_refusals lists why a cluster may not be brought to a release, yiyun_behind what of a host is not of it
    yet, yiyun_arrived the control hosts whose API server is.
  - yiyun_certificates tells from the output of kubeadm's check-expiration which certificates end soon, and refusals.
"""


def wipe_target(asked: str, host: dict[str, Any]) -> dict[str, str]:
    """The disk that is asked for."""
    return asdict(disk_wipe.target(asked, host))


def wipe_decision(inspected: str, asked: dict[str, str], named: list[str]) -> dict[str, Any]:
    """What lies on the disk, and why it may not be wiped."""
    try:
        disk = disk_wipe.found(inspected)
    except (ValueError, KeyError, IndexError) as error:
        return {"refusals": [f"what lies on {asked['id']} could not be read: {error}"], "losses": []}
    return {
        "device": disk.device,
        "number": disk.number,
        "size_bytes": disk.parts[0].size_bytes,
        "signatures": list(disk.signatures),
        "losses": disk_wipe.losses(disk),
        "releases": disk_wipe.releases(disk),
        "refusals": disk_wipe.refusals(disk, disk_wipe.Target(**asked), named),
    }


def wipe_report(
    done: list[str], inspected: str, host: str, asked: dict[str, str], method: str, named: list[str]
) -> dict[str, Any]:
    """`yiyun.wipe/1`, by the account that runs Ansible."""
    disk = disk_wipe.found(inspected)
    return disk_wipe.report(host, disk_wipe.Target(**asked), disk, method, named, done, getpass.getuser())


def decommission_report(host: dict[str, Any], seen: list[str], wiped: list[str], was_node: bool) -> dict[str, Any]:
    """`yiyun.decommission/1`: what became of a host and of each of its disks."""
    return {
        "schema": "yiyun.decommission/1",
        "clause": "8.1.4.10",
        "host": host["name"],
        "address": host["address"],
        "was_in_a_cluster": was_node,
        "at": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "asked_by": getpass.getuser(),
        "disks": disk_wipe.left_behind(host, seen, wiped),
    }


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Filters by name."""
        return {
            "yiyun_wipe_target": wipe_target,
            "yiyun_wipe_decision": wipe_decision,
            "yiyun_wipe_report": wipe_report,
            "yiyun_decommission_report": decommission_report,
            "yiyun_etcd_refusal": etcd_quorum.refusal,
            "yiyun_cluster_ills": cluster_state.ills,
            "yiyun_upgrade_refusals": cluster_state.path_refusals,
            "yiyun_behind": cluster_state.behind,
            "yiyun_arrived": cluster_state.arrived,
            "yiyun_certificates": certificates.decision,
        }
