"""Priority classes: who keeps running when nodes are lost and room is short.

What other workloads stand on goes first: the platform, then databases, machines, services, and last batch work, which
waits for room and never evicts anybody. Kubernetes' own `system-*` classes stay above all of these.
"""

from typing import Any, NamedTuple

import pulumi

from yiyun.components.kubernetes import Component, Item
from yiyun.site import Site

PLATFORM = "yiyun-platform"
DATABASE = "yiyun-database"
MACHINE = "yiyun-machine"
SERVICE = "yiyun-service"
BATCH = "yiyun-batch"


class Priority(NamedTuple):
    """One PriorityClass."""

    name: str
    value: int
    """Higher is kept longer; ours lie below 1,000,000,000, Kubernetes' own above."""
    description: str


PRIORITIES = (
    Priority(PLATFORM, 900_000, "Gateways and other parts that tenants' workloads stand on"),
    Priority(DATABASE, 700_000, "Databases"),
    Priority(MACHINE, 500_000, "Virtual machines"),
    Priority(SERVICE, 300_000, "Stateless services"),
    Priority(BATCH, 100_000, "Batch work: waits for room, evicts nobody"),
)


def priority_class(priority: Priority) -> dict[str, Any]:
    """The PriorityClass object. None is the default of pods that name no class: those yield to all of these."""
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": priority.name},
        "value": priority.value,
        "globalDefault": False,
        "preemptionPolicy": "Never" if priority.name == BATCH else "PreemptLowerPriority",
        "description": priority.description,
    }


def priority_items(_site: Site) -> list[Item]:
    """All priority classes."""
    return [Item(priority_class(priority)) for priority in PRIORITIES]


class Priorities(Component):
    """The site's priority classes."""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Priorities", name, site, priority_items(site), opts)
