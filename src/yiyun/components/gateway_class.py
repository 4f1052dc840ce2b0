"""How layer-7 load balancers run: the GatewayClass, and the shape of the Envoy proxies behind each Gateway.

Every Gateway gets proxies of its own: one per zone, three at least, so the loss of a zone leaves two thirds. The
access log shows clients' true addresses (clause 8.1.4.3-b): a node answers only for proxies that run on it.
"""

from typing import Any

import pulumi

from yiyun.components.kubernetes import Component, Item, key
from yiyun.components.metallb import POOL
from yiyun.components.namespace import ENVOY_GATEWAY
from yiyun.components.priority import PLATFORM
from yiyun.site import Site
from yiyun.site import labels as names

CLASS = "yiyun"
CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"
ENVOY_IMAGE = "envoyproxy/envoy:distroless-v1.39.0"
PROXIES = 3
"""Fewest proxies of a Gateway."""
PROXY_LABELS = {"app.kubernetes.io/component": "proxy", "app.kubernetes.io/managed-by": "envoy-gateway"}
"""Labels that Envoy Gateway puts on all proxies."""
OWNER_NAMESPACE = "gateway.envoyproxy.io/owning-gateway-namespace"
OWNER_NAME = "gateway.envoyproxy.io/owning-gateway-name"
"""Labels of a proxy that say whose it is."""

ACCESS_LOG_FIELDS = {
    "time": "%START_TIME%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS%",
    "server_name": "%REQUESTED_SERVER_NAME%",
    "tls_version": "%DOWNSTREAM_TLS_VERSION%",
    "method": "%REQ(:METHOD)%",
    "host": "%REQ(:AUTHORITY)%",
    "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "protocol": "%PROTOCOL%",
    "status": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
    "duration_ms": "%DURATION%",
    "upstream": "%UPSTREAM_HOST%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "user_agent": "%REQ(USER-AGENT)%",
}


def spread(topology: str, unsatisfiable: str) -> dict[str, Any]:
    """A constraint that spreads a Gateway's proxies over a topology."""
    return {
        "maxSkew": 1,
        "topologyKey": topology,
        "whenUnsatisfiable": unsatisfiable,
        "nodeTaintsPolicy": "Honor",
        "labelSelector": {"matchLabels": PROXY_LABELS},
        "matchLabelKeys": [OWNER_NAMESPACE, OWNER_NAME, "pod-template-hash"],
    }


def proxy_deployment(site: Site) -> dict[str, Any]:
    """EnvoyProxy.spec.provider.kubernetes.envoyDeployment."""
    return {
        "replicas": max(PROXIES, len(site.zones)),
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "container": {
            "image": f"{site.spec.registry}/{ENVOY_IMAGE}",
            "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}},
        },
        "pod": {
            "priorityClassName": PLATFORM,
            "topologySpreadConstraints": [
                spread(names.ZONE, "DoNotSchedule"),
                spread(names.HOSTNAME, "ScheduleAnyway"),
            ],
        },
    }


def envoy_proxy(site: Site) -> dict[str, Any]:
    """The EnvoyProxy object."""
    return {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "EnvoyProxy",
        "metadata": {"name": CLASS, "namespace": ENVOY_GATEWAY},
        "spec": {
            "provider": {
                "type": "Kubernetes",
                "kubernetes": {
                    "envoyDeployment": proxy_deployment(site),
                    "envoyPDB": {"maxUnavailable": 1},
                    "envoyService": {
                        "type": "LoadBalancer",
                        "externalTrafficPolicy": "Local",
                        "allocateLoadBalancerNodePorts": False,
                        "annotations": {"metallb.io/address-pool": POOL},
                    },
                },
            },
            "shutdown": {"drainTimeout": "60s", "minDrainDuration": "10s"},
            "telemetry": {
                "accessLog": {
                    "settings": [
                        {
                            "format": {"type": "JSON", "json": ACCESS_LOG_FIELDS},
                            "sinks": [{"type": "File", "file": {"path": "/dev/stdout"}}],
                        }
                    ]
                }
            },
        },
    }


def gateway_class_items(site: Site) -> list[Item]:
    """The GatewayClass and its EnvoyProxy."""
    proxy = envoy_proxy(site)
    gateway_class = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": CLASS},
        "spec": {
            "controllerName": CONTROLLER,
            "parametersRef": {
                "group": "gateway.envoyproxy.io",
                "kind": "EnvoyProxy",
                "name": CLASS,
                "namespace": ENVOY_GATEWAY,
            },
        },
    }
    return [Item(proxy), Item(gateway_class, after=(key(proxy),))]


class GatewayClass(Component):
    """The class of all layer-7 load balancers."""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("GatewayClass", name, site, gateway_class_items(site), opts)
