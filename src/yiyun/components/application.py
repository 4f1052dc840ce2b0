"""Stateless services: a Deployment spread over zones, its Service, its disruption budget and its own account.

- Pods run in exactly the zones that site.yaml names, equally many in each, whatever order nodes come up in. Pods of a
  lost zone wait for it: choose `replicas` so that the other zones carry the load.
- They meet the Pod Security level `restricted` (clause 8.1.4.6-a, least functions): no root, no privileges, no
  writable root filesystem, no token of the API server. `/tmp` is writable, 64 MiB, gone with the pod.
- What they request is their limit, so a tenant's quota says what it can really use.
- Health: `http` and `udp` services answer `health_path` over HTTP on the TCP port of their number; of `tcp` and `h2c`
  services the kubelet only checks that the port accepts.
"""

from typing import Any

import pulumi

from yiyun.components.kubernetes import Component, Item, key
from yiyun.components.priority import SERVICE
from yiyun.components.quantity import mib, millicores
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import Application

USER_ID = 10001
SCRATCH = "64Mi"
APP_PROTOCOL = {"http": "http", "h2c": "kubernetes.io/h2c"}


def selector(app: Application) -> dict[str, str]:
    """Labels that select the pods of an application."""
    return {names.APPLICATION: app.name}


def _labels(app: Application) -> dict[str, str]:
    return {**selector(app), names.TENANT: app.tenant}


def _metadata(app: Application) -> dict[str, Any]:
    return {"name": app.name, "namespace": app.tenant, "labels": _labels(app)}


def _port(app: Application) -> dict[str, Any]:
    return {"name": "main", "protocol": "UDP" if app.protocol == "udp" else "TCP"}


def probe(app: Application) -> dict[str, Any]:
    """How the kubelet asks an application whether it is well."""
    if app.protocol in {"tcp", "h2c"}:
        return {"tcpSocket": {"port": app.port}}
    return {"httpGet": {"path": app.health_path, "port": app.port}}


def container(app: Application) -> dict[str, Any]:
    """The one container of an application's pods."""
    resources = {"cpu": millicores(app.cpu_millicores), "memory": mib(app.memory_mib)}
    return {
        "name": app.name,
        "image": app.image,
        "imagePullPolicy": "IfNotPresent",
        "ports": [{**_port(app), "containerPort": app.port}],
        "resources": {"requests": resources, "limits": resources},
        "startupProbe": {**probe(app), "periodSeconds": 5, "failureThreshold": 60},
        "readinessProbe": {**probe(app), "periodSeconds": 5, "timeoutSeconds": 2, "failureThreshold": 2},
        "livenessProbe": {**probe(app), "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 (a path inside the pod)
    }


def affinity(app: Application) -> dict[str, Any]:
    """Workers of exactly the application's zones, and of its architecture if it wants one."""
    where = [
        {"key": names.ZONE, "operator": "In", "values": list(app.zones)},
        {"key": names.role_label("worker"), "operator": "In", "values": ["true"]},
    ]
    if app.arch != "any":
        where.append({"key": names.ARCH, "operator": "In", "values": [app.arch]})
    return {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": where}]}
        }
    }


def spread(app: Application) -> list[dict[str, Any]]:
    """Equally many pods in each zone, and as few as possible on one node."""
    constraint = {
        "maxSkew": 1,
        "labelSelector": {"matchLabels": selector(app)},
        "matchLabelKeys": ["pod-template-hash"],
    }
    return [
        {**constraint, "topologyKey": names.ZONE, "whenUnsatisfiable": "DoNotSchedule"},
        {**constraint, "topologyKey": names.HOSTNAME, "whenUnsatisfiable": "ScheduleAnyway"},
    ]


def deployment(app: Application) -> dict[str, Any]:
    """The Deployment of an application."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(app),
        "spec": {
            "replicas": app.replicas,
            "selector": {"matchLabels": selector(app)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {
                "metadata": {"labels": _labels(app)},
                "spec": {
                    "priorityClassName": SERVICE,
                    "serviceAccountName": app.name,
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "affinity": affinity(app),
                    "topologySpreadConstraints": spread(app),
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": USER_ID,
                        "runAsGroup": USER_ID,
                        "fsGroup": USER_ID,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [container(app)],
                    "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": SCRATCH}}],
                },
            },
        },
    }


def service(app: Application) -> dict[str, Any]:
    """The Service of an application, on the application's own port."""
    port = {**_port(app), "port": app.port, "targetPort": "main"}
    if app.protocol in APP_PROTOCOL:
        port["appProtocol"] = APP_PROTOCOL[app.protocol]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(app),
        "spec": {"type": "ClusterIP", "selector": selector(app), "ports": [port]},
    }


def disruption_budget(app: Application) -> dict[str, Any]:
    """Drains take one pod at a time."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": _metadata(app),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": selector(app)}},
    }


def account(app: Application) -> dict[str, Any]:
    """The ServiceAccount of an application, without rights and without a token in its pods."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": _metadata(app),
        "automountServiceAccountToken": False,
    }


def application_items(_site: Site, spec: Application) -> list[Item]:
    """Everything that one application is made of."""
    own_account = account(spec)
    return [
        Item(own_account),
        Item(service(spec)),
        Item(disruption_budget(spec)),
        Item(deployment(spec), after=(key(own_account),)),
    ]


class StatelessService(Component):
    """One stateless service."""

    def __init__(self, name: str, site: Site, spec: Application, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("StatelessService", name, site, application_items(site, spec), opts)
