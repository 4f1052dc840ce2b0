"""How a cluster does, and whether it may be brought to another release.

Decided over the output of roles/kubernetes_control_plane/files/survey.sh. What cannot be read counts as not well.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

MARK = "--yiyun-part-- "
CORDONED = "yiyun.io/upgrade-cordoned"
"""Annotation of a node that an upgrade has cordoned: who finds it uncordons the node, and nobody else's."""
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
RELEASE = re.compile(r"v(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True)
class Node:
    """One node, as the API server knows it."""

    name: str
    ready: bool
    kubelet: str
    cordoned: bool
    cordoned_by_upgrade: bool


@dataclass(frozen=True)
class Pod:
    """One static pod of the control plane."""

    component: str
    host: str
    tag: str
    ready: bool


@dataclass(frozen=True)
class State:
    """What was seen of a cluster."""

    nodes: Mapping[str, Node]
    pods: Sequence[Pod]
    release: str
    """`kubernetesVersion` of kubeadm's configuration: what the last init or upgrade brought."""
    members: Mapping[str, bool]
    """Voting members of etcd by name, and whether each is healthy."""


def read(survey: str) -> State:
    """Understand a survey. Raises ValueError saying which part could not be read."""
    parts: dict[str, str] = {}
    for piece in survey.split(MARK)[1:]:
        name, _, body = piece.partition("\n")
        parts[name.strip()] = body
    nodes = {node.name: node for node in map(_node, _items(parts, "nodes"))}
    configuration = yaml.safe_load(_json(parts, "configuration")["data"]["ClusterConfiguration"])
    return State(
        nodes, [_pod(item) for item in _items(parts, "pods")], configuration["kubernetesVersion"], _members(parts)
    )


def _json(parts: Mapping[str, str], name: str) -> Any:
    for document in _documents(parts.get(name, "")):
        return document
    raise ValueError(f"the cluster did not say anything about its {name}")


def _documents(text: str) -> Iterable[Any]:
    """JSON documents in a text with other lines around them (etcdctl logs to either stream)."""
    decoder = json.JSONDecoder()
    at = 0
    while (found := re.compile(r"^[ \t]*[\[{]", re.MULTILINE).search(text, at)) is not None:
        begin = found.end() - 1
        try:
            document, at = decoder.raw_decode(text, begin)
        except ValueError:
            at = begin + 1
            continue
        if not (isinstance(document, dict) and "level" in document):
            yield document


def _items(parts: Mapping[str, str], name: str) -> list[Any]:
    return list(_json(parts, name)["items"])


def _node(item: Mapping[str, Any]) -> Node:
    meta, status = item["metadata"], item["status"]
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions", []))
    return Node(
        meta["name"],
        ready,
        status["nodeInfo"]["kubeletVersion"],
        bool(item.get("spec", {}).get("unschedulable")),
        CORDONED in (meta.get("annotations") or {}),
    )


def _pod(item: Mapping[str, Any]) -> Pod:
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in item["status"].get("conditions", []))
    component = item["metadata"]["labels"]["component"]
    tag = item["spec"]["containers"][0]["image"].rpartition(":")[2]
    return Pod(component, item["spec"]["nodeName"], tag, ready)


def _members(parts: Mapping[str, str]) -> dict[str, bool]:
    health = {entry["endpoint"] for entry in _json(parts, "health") if entry.get("health") is True}
    return {
        member.get("name") or str(member.get("peerURLs")): bool(health & set(member.get("clientURLs") or ()))
        for member in _json(parts, "members")["members"]
        if not member.get("isLearner")
    }


def ills(survey: str, hosts: Sequence[str], controls: Sequence[str]) -> list[str]:
    """What is not well in the cluster of these hosts, of which `controls` serve the control plane; empty: all is."""
    try:
        state = read(survey)
    except (ValueError, KeyError, TypeError, IndexError, yaml.YAMLError) as error:
        return [f"the cluster could not be read ({error})"]
    found = [f"{name} is no node of the cluster" for name in hosts if name not in state.nodes]
    found += [
        f"{name} is a node and no control host or worker of hosts.yaml" for name in state.nodes if name not in hosts
    ]
    found += [f"the node {node.name} is not ready" for node in state.nodes.values() if not node.ready]
    for host in controls:
        for component in COMPONENTS:
            pods = [pod for pod in state.pods if (pod.component, pod.host) == (component, host)]
            if not pods:
                found.append(f"{host} runs no {component}")
            elif not all(pod.ready for pod in pods):
                found.append(f"{component} of {host} is not ready")
        if not state.members.get(host):
            found.append(f"{host} is {'not healthy in' if host in state.members else 'no member of'} etcd")
    found += [f"etcd has a member {name} that is no control host" for name in state.members if name not in controls]
    return found


def path_refusals(survey: str, wanted: str) -> list[str]:
    """Why the cluster cannot be brought to the release `wanted`: no skip of a minor release, and never back.

    The release that a cluster has already is no refusal.
    """
    try:
        goal = _release(wanted)
        state = read(survey)
        found = []
        for what, version in _versions(state):
            have = _release(version)
            if have > goal:
                found.append(f"{what} is {version}, newer than {wanted}; a cluster never goes back")
            elif have[0] != goal[0] or have[1] < goal[1] - 1:
                found.append(
                    f"{what} is {version}, more than one minor release before {wanted}; "
                    f"upgrade to a v{have[0]}.{have[1] + 1} first"
                )
    except (ValueError, KeyError, TypeError, IndexError, yaml.YAMLError) as error:
        return [str(error)]
    return found


def _versions(state: State) -> Iterable[tuple[str, str]]:
    yield "kubeadm's configuration", state.release
    for node in state.nodes.values():
        yield f"the kubelet of {node.name}", node.kubelet
    for pod in state.pods:
        if pod.component != "etcd":
            yield f"{pod.component} of {pod.host}", pod.tag


def _release(text: str) -> tuple[int, int, int]:
    matched = RELEASE.fullmatch(text)
    if matched is None:
        raise ValueError(f"{text!r} is no release of Kubernetes; kubernetes_version is written as v1.35.4")
    major, minor, patch = map(int, matched.groups())
    return major, minor, patch


def behind(survey: str, wanted: str, host: str) -> list[str]:
    """What of a host is not of the release `wanted` yet, or still cordoned by an upgrade; empty: nothing is left to do."""
    state = read(survey)
    node = state.nodes[host]
    found = [] if node.kubelet == wanted else [f"kubelet {node.kubelet}"]
    found += [
        f"{pod.component} {pod.tag}"
        for pod in state.pods
        if pod.host == host and pod.component != "etcd" and pod.tag != wanted
    ]
    return found + (["cordoned by an upgrade"] if node.cordoned_by_upgrade else [])


def arrived(survey: str, wanted: str) -> list[str]:
    """Control hosts whose API server is of the release `wanted`."""
    return [pod.host for pod in read(survey).pods if pod.component == "kube-apiserver" and pod.tag == wanted]
