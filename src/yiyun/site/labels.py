"""Names of the labels that all parts share (design decision 13)."""

from yiyun.site.model import Host

PREFIX = "yiyun.io/"
SITE = "yiyun.io/site"
STACK = "yiyun.io/stack"
TENANT = "yiyun.io/tenant"
MLPS_LEVEL = "yiyun.io/mlps-level"
CPU_FAMILY = "yiyun.io/cpu-family"
LIFECYCLE = "yiyun.io/lifecycle"
BACKUP = "yiyun.io/backup"
VM = "yiyun.io/vm"
DISK_ROLE = "yiyun.io/disk-role"
DATABASE = "yiyun.io/database"
APPLICATION = "app.kubernetes.io/name"
MANAGED_BY = "app.kubernetes.io/managed-by"
RULE = "yiyun.io/rule"
"""Of an admission policy: the rule that it enforces."""
ENFORCEMENT = "yiyun.io/enforcement"
"""Of an admission policy: `mandatory` refuses, `advisory` warns."""
LOCATION = "yiyun.io/location"
"""Annotation of a storage class: in which zones, and where, its data lie; tenants read it there."""
TLS = "yiyun.io/tls"
"""Annotation of an address that is open to the outside: "true" when what listens there speaks TLS."""
ZONE = "topology.kubernetes.io/zone"
REGION = "topology.kubernetes.io/region"
ARCH = "kubernetes.io/arch"
HOSTNAME = "kubernetes.io/hostname"
RACK = "topology.rook.io/rack"
ROW = "topology.rook.io/row"
"""CRUSH has no switch pair; a row is what we call one."""
EXTERNAL_GATEWAY = "ovn.kubernetes.io/external-gw"
"""Kube-OVN puts a VPC router's uplinks on nodes that carry it, and on no others."""


def role_label(role: str) -> str:
    """Label key of an inventory role, set to "true" on the node, for example `yiyun.io/role-gateway`."""
    return f"{PREFIX}role-{role.replace('_', '-')}"


def node_labels(host: Host, site_name: str) -> dict[str, str]:
    """All labels of the Kubernetes node of one host."""
    labels = {
        HOSTNAME: host.name,
        "kubernetes.io/os": "linux",
        ARCH: host.arch,
        REGION: site_name,
        ZONE: host.zone,
        ROW: host.switch_pair,
        RACK: host.rack,
        CPU_FAMILY: host.cpu_family.value,
        SITE: site_name,
    }
    labels |= {role_label(role): "true" for role in host.roles}
    if "gateway" in host.roles:
        labels[EXTERNAL_GATEWAY] = "true"
    if "control" in host.roles:
        labels["node-role.kubernetes.io/control-plane"] = ""
    return labels
