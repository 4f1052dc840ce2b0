"""Namespaces of the platform's own parts, each with the Pod Security level it needs and the reason why.

Every namespace enforces the strictest level that its pods can live with. A level other than `restricted` carries its
reason in the annotation `yiyun.io/pod-security-reason`, where an auditor reads it.
"""

from typing import Any, Literal, NamedTuple

from yiyun.components.secret_refs import (
    BLOCK_NAMESPACE,
    CERT_MANAGER_NAMESPACE,
    OBJECT_NAMESPACE,
    VELERO_NAMESPACE,
)
from yiyun.site import labels as names

Level = Literal["privileged", "baseline", "restricted"]

REASON = f"{names.PREFIX}pod-security-reason"
"""Annotation of a namespace: why its Pod Security level is not `restricted`."""

CDI = "cdi"
CNPG = "cnpg-system"
ENVOY_GATEWAY = "envoy-gateway-system"
KUBEVIRT = "kubevirt"
KUBE_SYSTEM = "kube-system"
"""Made by Kubernetes, not by us."""
METALLB = "metallb-system"
OCEANBASE = "oceanbase-system"
TIDB = "tidb-admin"
VPC_GATEWAYS = "vpc-gateways"


class PlatformNamespace(NamedTuple):
    """A namespace of the platform."""

    name: str
    level: Level
    reason: str = ""
    """Why `level` is not `restricted`."""


PLATFORM_NAMESPACES = (
    PlatformNamespace(BLOCK_NAMESPACE, "privileged", "Ceph OSDs open raw disks; the CSI node plugin mounts volumes"),
    PlatformNamespace(OBJECT_NAMESPACE, "privileged", "Ceph OSDs open raw disks"),
    PlatformNamespace(KUBEVIRT, "privileged", "virt-handler prepares devices and networks on the host"),
    PlatformNamespace(CDI, "restricted"),
    PlatformNamespace(VELERO_NAMESPACE, "privileged", "the node agent reads block volumes below a host path"),
    PlatformNamespace(METALLB, "privileged", "the speaker talks BGP and ARP on the host's network"),
    PlatformNamespace(ENVOY_GATEWAY, "restricted"),
    PlatformNamespace(CERT_MANAGER_NAMESPACE, "restricted"),
    PlatformNamespace(OCEANBASE, "baseline", "ob-operator's pod sets no seccomp profile and drops no capability"),
    PlatformNamespace(CNPG, "restricted"),
    PlatformNamespace(TIDB, "baseline", "TiDB Operator's pods set no security context"),
    PlatformNamespace(VPC_GATEWAYS, "privileged", "VPC egress gateways set routes and iptables rules in their pods"),
)


def namespace(name: str, level: Level, reason: str = "", labels: dict[str, str] | None = None) -> dict[str, Any]:
    """A Namespace that enforces a Pod Security level; audit and warnings always hold pods against `restricted`.

    `reason` says why `level` is not `restricted`, and must be given exactly then (else ValueError).
    """
    if (level == "restricted") == bool(reason):
        raise ValueError(f"namespace {name}: level {level} and reason {reason!r} do not fit")
    security = {"enforce": level, "audit": "restricted", "warn": "restricted"}
    metadata: dict[str, Any] = {
        "name": name,
        "labels": {
            **(labels or {}),
            **{f"pod-security.kubernetes.io/{mode}": value for mode, value in security.items()},
            **{f"pod-security.kubernetes.io/{mode}-version": "latest" for mode in security},
        },
    }
    if reason:
        metadata["annotations"] = {REASON: reason}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
