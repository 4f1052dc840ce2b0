"""Shows that a cluster on real hosts works: pods on every worker, which answer each other over zones."""

import json
import time
from collections.abc import Callable

import yaml

from yiyun.errors import UserError
from yiyun.lab.hosts import kubernetes
from yiyun.operations.hosts.cluster import Shown, kubectl
from yiyun.site import Site
from yiyun.site.labels import ZONE

Report = Callable[[str], None]
ANSWER_SECONDS = 60.0
REQUESTS = 12
PROBE = "yiyun-probe"
"""Namespace, workload and Service of the proof."""


def ask_across_zones(site: Site, report: Report) -> Shown:
    """Let a pod of one zone ask a Service until pods of every other zone have answered. Raises UserError if one does not.

    This needs pods on every worker, routes between their hosts, the cluster's name server, Services and `kubectl exec`.
    """
    started = time.monotonic()
    kubectl(
        site,
        "apply",
        "--server-side",
        "--field-manager=yiyun",
        "--filename=-",
        stdin=yaml.safe_dump_all(_workload(site)),
    )
    kubectl(site, "--namespace", PROBE, "rollout", "status", f"daemonset/{PROBE}", "--timeout=120s", seconds=150)
    listed = json.loads(kubectl(site, "--namespace", PROBE, "get", "pods", "--output", "json"))["items"]
    zone_of = {pod["metadata"]["name"]: site.host(pod["spec"]["nodeName"]).zone for pod in listed}
    asking = min(zone_of, key=lambda name: (zone_of[name], name))
    wanted = set(zone_of.values()) - {zone_of[asking]}
    deadline = time.monotonic() + ANSWER_SECONDS
    words = ""
    while True:
        try:
            url = f"http://{PROBE}.{PROBE}.svc.cluster.local:8080/"
            answers = kubectl(site, "--namespace", PROBE, "exec", asking, "--", "/probe", "get", url, str(REQUESTS))
            zones = {zone_of[name] for name in answers.split() if name in zone_of}
            if wanted <= zones:
                break
            words = f"answers came from {', '.join(sorted(zones)) or 'nowhere'}"
        except UserError as error:
            words = str(error)
        if time.monotonic() > deadline:
            raise UserError(f"a pod of {zone_of[asking]} got no answer from {', '.join(sorted(wanted))}: {words}")
        time.sleep(1)
    report("pods of different zones answer each other through a Service")
    seen = f"a pod in {zone_of[asking]} was answered by pods in {', '.join(sorted(zones))}, asked by kubectl exec"
    return Shown("pods reach each other over zones", seen, time.monotonic() - started)


def _workload(site: Site) -> list[dict[str, object]]:
    labels = {"app.kubernetes.io/name": PROBE}
    container = {
        "name": "probe",
        "image": f"{kubernetes.repository_of(site)}/probe:{kubernetes.PROBE}",
        "args": ["serve", ":8080"],
        "ports": [{"containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 2},
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    pod = {
        "metadata": {"labels": labels},
        "spec": {
            "automountServiceAccountToken": False,
            "affinity": {
                "nodeAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": {
                        "nodeSelectorTerms": [{"matchExpressions": [{"key": ZONE, "operator": "Exists"}]}]
                    }
                }
            },
            "containers": [container],
        },
    }
    selector = {"matchLabels": labels}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PROBE}},
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": PROBE, "namespace": PROBE},
            "spec": {"selector": selector, "template": pod},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": PROBE, "namespace": PROBE},
            "spec": {"selector": labels, "ports": [{"port": 8080}]},
        },
    ]
