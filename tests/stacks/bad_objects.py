"""Objects that must never reach a cluster, one per refusal: valid Kubernetes, refused by policy."""

from typing import Any


def pod(name: str, pod_spec: dict[str, Any] | None = None, security: dict[str, Any] | None = None) -> dict[str, Any]:
    """A Deployment of one container."""
    container = {"name": "app", "image": "registry.lab.yiyun.example/a/b:1.0", "securityContext": security or {}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "hosp-a"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [container], **(pod_spec or {})},
            },
        },
    }


def rbac(kind: str, name: str, **fields: Any) -> dict[str, Any]:
    """An object of RBAC."""
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name}, **fields}


GATEWAY = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway"}
HTTP = {"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "Same"}}}
HTTPS = {
    "name": "https",
    "port": 443,
    "protocol": "HTTPS",
    "hostname": "a.hosp-a.lab.yiyun.example",
    "tls": {"mode": "Terminate", "certificateRefs": [{"name": "cert"}]},
}


def route(name: str, gateway: str) -> dict[str, Any]:
    """An HTTPRoute to a Service."""
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": "hosp-a"},
        "spec": {
            "parentRefs": [{"name": gateway}],
            "hostnames": ["a.hosp-a.lab.yiyun.example"],
            "rules": [{"backendRefs": [{"name": "svc", "port": 80}]}],
        },
    }


# Rule that refuses it -> the object that must be named.
BAD: dict[str, dict[str, Any]] = {
    "pod_privileged": pod("privileged", security={"privileged": True}),
    "pod_host_network": pod("host-network", {"hostNetwork": True}),
    "pod_host_path": pod("host-path", {"volumes": [{"name": "root", "hostPath": {"path": "/"}}]}),
    "pod_capabilities": pod("sys-admin", security={"capabilities": {"add": ["SYS_ADMIN"]}}),
    "rbac_wildcard": rbac("ClusterRole", "all", rules=[{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]),
    "rbac_anonymous": rbac(
        "ClusterRoleBinding",
        "open",
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        subjects=[{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:unauthenticated"}],
    ),
    "gateway_listener_tls": {
        **GATEWAY,
        "metadata": {"name": "plain", "namespace": "hosp-a"},
        "spec": {"gatewayClassName": "yiyun", "listeners": [HTTP]},
    },
    "gateway_retry_health": {
        **GATEWAY,
        "metadata": {"name": "careless", "namespace": "hosp-a"},
        "spec": {"gatewayClassName": "yiyun", "listeners": [HTTPS]},
    },
    "vm_security_group": {
        "apiVersion": "kubevirt.io/v1",
        "kind": "VirtualMachine",
        "metadata": {"name": "unguarded", "namespace": "hosp-a"},
        "spec": {
            "runStrategy": "Always",
            "template": {"metadata": {"labels": {"app": "unguarded"}}, "spec": {"domain": {"devices": {}}}},
        },
    },
    "ceph_pool_size": {
        "apiVersion": "ceph.rook.io/v1",
        "kind": "CephBlockPool",
        "metadata": {"name": "two-copies", "namespace": "rook-ceph"},
        "spec": {"failureDomain": "zone", "replicated": {"size": 2}},
    },
    "postgresql_zones": {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Cluster",
        "metadata": {"name": "one-zone", "namespace": "hosp-a"},
        "spec": {
            "instances": 3,
            "storage": {"size": "1Gi"},
            "affinity": {"nodeSelector": {"topology.kubernetes.io/zone": "az1"}},
        },
    },
}
ROUTES = [route("to-careless", "careless")]
"""What stands beside them: a Gateway without a route serves nothing."""
