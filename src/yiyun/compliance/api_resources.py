"""Under which names an API server serves the kinds that Kubernetes itself defines."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ApiResource:
    """One kind as an API server serves it."""

    group: str
    versions: tuple[str, ...]
    plural: str
    namespaced: bool
    subresources: tuple[str, ...] = ()
    """Those that take the whole object, and change what rules judge."""


def _of(group: str, plural: str, *subresources: str, namespaced: bool = True) -> ApiResource:
    return ApiResource(group, ("v1",), plural, namespaced, subresources)


BUILT_IN = {
    "Namespace": _of("", "namespaces", namespaced=False),
    "Pod": _of("", "pods", "ephemeralcontainers", "resize"),
    "PodTemplate": _of("", "podtemplates"),
    "ReplicationController": _of("", "replicationcontrollers"),
    "Secret": _of("", "secrets"),
    "Service": _of("", "services"),
    "apps/DaemonSet": _of("apps", "daemonsets"),
    "apps/Deployment": _of("apps", "deployments"),
    "apps/ReplicaSet": _of("apps", "replicasets"),
    "apps/StatefulSet": _of("apps", "statefulsets"),
    "batch/CronJob": _of("batch", "cronjobs"),
    "batch/Job": _of("batch", "jobs"),
    "networking.k8s.io/Ingress": _of("networking.k8s.io", "ingresses"),
    "networking.k8s.io/NetworkPolicy": _of("networking.k8s.io", "networkpolicies"),
    "rbac.authorization.k8s.io/ClusterRole": _of("rbac.authorization.k8s.io", "clusterroles", namespaced=False),
    "rbac.authorization.k8s.io/ClusterRoleBinding": _of(
        "rbac.authorization.k8s.io", "clusterrolebindings", namespaced=False
    ),
    "rbac.authorization.k8s.io/Role": _of("rbac.authorization.k8s.io", "roles"),
    "rbac.authorization.k8s.io/RoleBinding": _of("rbac.authorization.k8s.io", "rolebindings"),
}
"""Kind (`group/Kind` or `Kind`) -> how Kubernetes 1.34 serves it, as far as exported rules judge it."""

REMOVED = frozenset({"extensions/DaemonSet", "extensions/Deployment", "extensions/Ingress", "extensions/ReplicaSet"})
"""Kinds of old manifests that no API server since Kubernetes 1.22 takes at all."""
