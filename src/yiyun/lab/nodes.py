"""One simulated node per host of the inventory: labels, size and identity of the host, no machine behind it."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable
from typing import Any

from yiyun.lab.api import FIELD_MANAGER, HEALTH_SECONDS, Api, ApiError, in_parallel
from yiyun.site import labels
from yiyun.site.model import Host

PATH = "/api/v1/nodes"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
SIMULATED = "yiyun.io/simulated"
DIGEST = "yiyun.io/host-sha256"
PODS = 110
DEFAULT_EPHEMERAL_GIB = 100
TAINT = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}


def wanted_labels(host: Host, site_name: str) -> dict[str, str]:
    """Labels of a host's node; the same ones that bootstrap gives to a real one."""
    return labels.node_labels(host, site_name)


def taints(host: Host) -> list[dict[str, str]]:
    """Control hosts take no ordinary pods, unless they are workers too."""
    return [TAINT] if "control" in host.roles and "worker" not in host.roles else []


def status(host: Host) -> dict[str, Any]:
    """Size and identity. CPU in cores, memory and disk in GiB; allocatable is all of it: nothing runs beside the pods."""
    system = sum(disk.size_gib for disk in host.disks if disk.use == "system") or DEFAULT_EPHEMERAL_GIB
    size = {
        "cpu": str(host.cpus),
        "memory": f"{host.memory_gib}Gi",
        "ephemeral-storage": f"{system}Gi",
        "pods": str(PODS),
    }
    identity = hashlib.sha256(f"yiyun\0{host.name}".encode()).hexdigest()[:32]
    return {
        "capacity": size,
        "allocatable": size,
        "addresses": [
            {"type": "InternalIP", "address": str(host.address)},
            {"type": "Hostname", "address": host.name},
        ],
        "nodeInfo": {
            "architecture": host.arch,
            "operatingSystem": "linux",
            "kernelVersion": host.kernel,
            "osImage": host.os_profile,
            "kubeletVersion": "kwok",
            "kubeProxyVersion": "kwok",
            "containerRuntimeVersion": "kwok://simulated",
            "machineID": identity,
            "systemUUID": identity,
            "bootID": identity,
        },
    }


def digest(host: Host, site_name: str) -> str:
    """Hash of everything that a node takes from its host."""
    content = [wanted_labels(host, site_name), taints(host), status(host)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def synchronize(api: Api, hosts: Iterable[Host], site_name: str) -> tuple[int, int, int]:
    """Make the simulated nodes those of the inventory. Returns how many were added, changed, removed.

    Taints are set when a node is registered and then left to the controllers and to `ops`.
    """
    by_name = {host.name: host for host in hosts}
    there = {node["metadata"]["name"]: node["metadata"].get("annotations") or {} for node in api.get(PATH)["items"]}
    new = [host for name, host in by_name.items() if name not in there]
    changed = [
        host for name, host in by_name.items() if name in there and there[name].get(DIGEST) != digest(host, site_name)
    ]
    gone = [name for name, annotations in there.items() if annotations.get(SIMULATED) and name not in by_name]
    in_parallel(lambda host: _register(api, host, site_name), new)
    in_parallel(lambda host: _describe(api, host, site_name), changed)
    in_parallel(lambda name: _remove(api, name), gone)
    return len(new), len(changed), len(gone)


def _register(api: Api, host: Host, site_name: str) -> None:
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        # kwok takes up nodes that have this from the first moment, not those that get it later.
        "metadata": {"name": host.name, "annotations": {SIMULATED: "true"}},
        "spec": {"taints": taints(host)},
    }
    try:
        # A manager of its own: labels and sizes are applied, and taken back, by the other one.
        api.request("POST", f"{PATH}?fieldManager={FIELD_MANAGER}-register", node)
    except ApiError as error:
        if error.status != 409:
            raise
    _describe(api, host, site_name)


def _describe(api: Api, host: Host, site_name: str) -> None:
    head = {"apiVersion": "v1", "kind": "Node"}
    api.apply(f"{PATH}/{host.name}/status", {**head, "metadata": {"name": host.name}, "status": status(host)})
    metadata = {
        "name": host.name,
        "labels": wanted_labels(host, site_name),
        "annotations": {SIMULATED: "true", DIGEST: digest(host, site_name)},
    }
    api.apply(f"{PATH}/{host.name}", {**head, "metadata": metadata})


def _remove(api: Api, name: str) -> None:
    try:
        api.request("DELETE", f"{PATH}/{name}")
    except ApiError as error:
        if error.status != 404:
            raise


def not_ready(api: Api, names: Iterable[str]) -> set[str]:
    """Names of nodes that are missing or not Ready."""
    waiting = set(names)
    for node in api.get(PATH)["items"]:
        conditions = node.get("status", {}).get("conditions", ())
        if any(each["type"] == "Ready" and each["status"] == "True" for each in conditions):
            waiting.discard(node["metadata"]["name"])
    return waiting


def newest_renewal(api: Api) -> dt.datetime | None:
    """When a simulated node's lease was renewed last; None where there is no lease."""
    leases = api.get(LEASES, timeout=HEALTH_SECONDS)["items"]
    times = [
        dt.datetime.fromisoformat(lease["spec"]["renewTime"]) for lease in leases if lease["spec"].get("renewTime")
    ]
    return max(times, default=None)


def release_leases(api: Api) -> None:
    """Delete the leases of simulated nodes: the program that held them is dead, the next one need not wait."""
    api.request("DELETE", LEASES)
