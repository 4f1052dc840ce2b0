"""The recycle bin: nobody deletes a virtual machine or its disks by accident.

To throw a machine away, it is stopped and it and its disks get the label `yiyun.io/lifecycle: recycled` and the
annotation `yiyun.io/recycle-until` (RFC 3339). Kyverno deletes what has expired, once an hour, and refuses every
delete of a machine or disk that is not in the bin. Taking the label off brings it back.
"""

from typing import Any

import pulumi

from yiyun.components.kubernetes import Component, Item
from yiyun.site import Site
from yiyun.site import labels as names

RECYCLED = "recycled"
ACTIVE = "active"
RECYCLE_UNTIL = f"{names.PREFIX}recycle-until"
"""Annotation: until when a recycled object is kept, RFC 3339."""

MACHINES = {"apiGroups": ["kubevirt.io"], "apiVersions": ["v1"], "resources": ["virtualmachines"]}
DISKS = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["persistentvolumeclaims"]}


def expiry() -> dict[str, Any]:
    """Deletes recycled machines and disks whose time is over."""
    annotations = "object.metadata.annotations"
    return {
        "apiVersion": "policies.kyverno.io/v1",
        "kind": "DeletingPolicy",
        "metadata": {"name": "recycle-bin"},
        "spec": {
            "schedule": "17 * * * *",
            "deletionPropagationPolicy": "Foreground",
            "matchConstraints": {
                "resourceRules": [{**MACHINES, "operations": ["*"]}, {**DISKS, "operations": ["*"]}],
                "objectSelector": {"matchLabels": {names.LIFECYCLE: RECYCLED}},
            },
            "conditions": [
                {
                    "name": "expired",
                    "expression": f"has({annotations}) && '{RECYCLE_UNTIL}' in {annotations} && "
                    f"timestamp({annotations}['{RECYCLE_UNTIL}']) < time.now()",
                }
            ],
        },
    }


def guard(name: str, what: str, rule: dict[str, Any], label: str) -> dict[str, Any]:
    """Refuses to delete an object that carries `label` and is not in the bin."""
    labels = "oldObject.metadata.labels"
    return {
        "apiVersion": "policies.kyverno.io/v1",
        "kind": "ValidatingPolicy",
        "metadata": {"name": name},
        "spec": {
            "validationActions": ["Deny"],
            "failurePolicy": "Fail",
            "matchConstraints": {
                "resourceRules": [{**rule, "operations": ["DELETE"]}],
                "objectSelector": {"matchExpressions": [{"key": label, "operator": "Exists"}]},
            },
            "validations": [
                {
                    "expression": f"'{names.LIFECYCLE}' in {labels} && {labels}['{names.LIFECYCLE}'] == '{RECYCLED}'",
                    "message": f"{what} is deleted through the recycle bin: label it {names.LIFECYCLE}={RECYCLED}",
                }
            ],
        },
    }


def cleanup_role() -> dict[str, Any]:
    """Lets Kyverno's cleanup controller delete machines and disks; Kyverno collects it by its label."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {
            "name": "yiyun-recycle-bin",
            "labels": {"rbac.kyverno.io/aggregate-to-cleanup-controller": "true"},
        },
        "rules": [
            {
                "apiGroups": rule["apiGroups"],
                "resources": rule["resources"],
                "verbs": ["get", "list", "watch", "delete"],
            }
            for rule in (MACHINES, DISKS)
        ],
    }


def recycle_bin_items(_site: Site) -> list[Item]:
    """The bin's policies and the role that they need."""
    return [
        Item(cleanup_role()),
        Item(guard("vm-delete-through-recycle-bin", "a virtual machine", MACHINES, names.LIFECYCLE)),
        Item(guard("disk-delete-through-recycle-bin", "a disk", DISKS, names.DISK_ROLE)),
        Item(expiry(), after=("ClusterRole/yiyun-recycle-bin",)),
    ]


class RecycleBin(Component):
    """The recycle bin of a site."""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("RecycleBin", name, site, recycle_bin_items(site), opts)
