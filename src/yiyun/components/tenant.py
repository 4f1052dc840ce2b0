"""A tenant's namespace: its Pod Security level, quota, defaults and network policies, in place before any workload.

The level is `restricted`. Databases whose pods run as root lower it to `baseline`, with the reason in the annotation
`yiyun.io/pod-security-reason`; audit and warnings stay at `restricted`. Virtual machines fit into `restricted`:
KubeVirt runs them without root and, on this platform, under the runtime's seccomp profile.

The quota counts what pods and disks request. Tenants publish services through load balancers of the platform only:
they get no load balancer address and no node port of their own.
"""

from dataclasses import replace
from typing import Any

import pulumi

from yiyun.components.kubernetes import Component, Item, key
from yiyun.components.namespace import Level, namespace
from yiyun.components.network_policy import has_machines, network_policy_items
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import Tenant

ROOT_ENGINES = {"oceanbase": "OceanBase", "tidb": "TiDB"}
"""Database engines whose pods run as root."""


def pod_security(site: Site, tenant: Tenant) -> tuple[Level, str]:
    """The level of a tenant's namespace, and the reason why it is not `restricted` (empty when it is)."""
    found = [
        f"{ROOT_ENGINES[database.engine]} {database.name}"
        for database in site.spec.databases
        if database.tenant == tenant.name and database.engine in ROOT_ENGINES
    ]
    return ("baseline", f"pods of {', '.join(found)} run as root") if found else ("restricted", "")


def tenant_namespace(site: Site, tenant: Tenant) -> dict[str, Any]:
    """The Namespace of a tenant."""
    level, reason = pod_security(site, tenant)
    return namespace(tenant.name, level, reason, {names.TENANT: tenant.name, names.MLPS_LEVEL: str(tenant.mlps_level)})


def _metadata(tenant: Tenant, name: str) -> dict[str, Any]:
    return {"name": name, "namespace": tenant.name, "labels": {names.TENANT: tenant.name}}


def quota(tenant: Tenant) -> dict[str, Any]:
    """The ResourceQuota of a tenant."""
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": _metadata(tenant, "tenant"),
        "spec": {
            "hard": {
                "requests.cpu": str(tenant.cpu_quota),
                "requests.memory": f"{tenant.memory_quota_gib}Gi",
                "requests.storage": f"{tenant.storage_quota_gib}Gi",
                "pods": str(tenant.pod_quota),
                "services.loadbalancers": "0",
                "services.nodeports": "0",
            }
        },
    }


def limits(site: Site, tenant: Tenant) -> dict[str, Any]:
    """The LimitRange of a tenant: what containers request, and may use at most, when they do not say.

    In a namespace with virtual machines there is no default limit: it would be laid on machines too, whose pods say
    what they request only, and kill those that are larger.
    """
    container: dict[str, Any] = {"type": "Container", "defaultRequest": {"cpu": "100m", "memory": "128Mi"}}
    if not has_machines(site, tenant):
        container["default"] = {"cpu": "1", "memory": "1Gi"}
    return {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": _metadata(tenant, "defaults"),
        "spec": {"limits": [container]},
    }


def tenant_items(site: Site, spec: Tenant) -> list[Item]:
    """The namespace first, then everything in it. Deleting it deletes all that the tenant has, so it is protected."""
    home = tenant_namespace(site, spec)
    inside = [Item(quota(spec)), Item(limits(site, spec)), *network_policy_items(site, spec)]
    return [Item(home, holds_data=True), *(replace(item, after=(key(home),)) for item in inside)]


class TenantSpace(Component):
    """The namespace of one tenant."""

    def __init__(self, name: str, site: Site, spec: Tenant, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("TenantSpace", name, site, tenant_items(site, spec), opts)
