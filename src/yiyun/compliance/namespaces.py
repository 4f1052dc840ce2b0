"""Whose a namespace is."""

from typing import TYPE_CHECKING

from yiyun.compliance.facts import Object
from yiyun.site.labels import STACK, TENANT

if TYPE_CHECKING:
    from yiyun.site import Site

BUILT_IN = ("default", "kube-node-lease", "kube-public", "kube-system")
"""Made by Kubernetes itself, before any tenant."""


def of_platform(namespace: Object, site: "Site | None") -> bool:
    """Whether a Namespace belongs to the platform itself: Kubernetes' own, and those of the stack `platform`."""
    labels = namespace.labels
    if labels.text(TENANT) or (site and any(tenant.name == namespace.name for tenant in site.spec.tenants)):
        return False
    return namespace.name in BUILT_IN or labels.text(STACK) == "platform"
