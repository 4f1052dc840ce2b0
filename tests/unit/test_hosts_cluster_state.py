"""Whether a cluster is well, and whether it may be brought to another release."""

import json

import pytest

from yiyun.operations.hosts import cluster_state

CONTROLS = ["c1", "c2", "c3"]
HOSTS = [*CONTROLS, "w1"]


def condition(well: bool) -> list[dict]:
    return [{"type": "Other", "status": "True"}, {"type": "Ready", "status": "True" if well else "False"}]


def survey(
    *,
    kubelets: dict[str, str] | None = None,
    servers: dict[str, str] | None = None,
    release: str = "v1.34.1",
    ill: tuple[str, ...] = (),
    ill_members: tuple[str, ...] = (),
    members: list[str] | None = None,
    cordoned: str = "",
) -> str:
    nodes = [
        {
            "metadata": {"name": name, "annotations": {cluster_state.CORDONED: "x"} if name == cordoned else {}},
            "spec": {"unschedulable": True} if name == cordoned else {},
            "status": {"conditions": condition(name not in ill), "nodeInfo": {"kubeletVersion": version}},
        }
        for name, version in (dict.fromkeys(HOSTS, "v1.34.1") | (kubelets or {})).items()
    ]
    tags = dict.fromkeys(CONTROLS, "v1.34.1") | (servers or {})
    pods = [
        {
            "metadata": {"labels": {"component": component}},
            "spec": {
                "nodeName": name,
                "containers": [{"image": f"r.example:5000/k/x:{'3.6.5-0' if component == 'etcd' else tag}"}],
            },
            "status": {"conditions": condition(f"{component}/{name}" not in ill)},
        }
        for name, tag in tags.items()
        for component in cluster_state.COMPONENTS
        if f"-{component}/{name}" not in ill
    ]
    configuration = {"data": {"ClusterConfiguration": f"kind: ClusterConfiguration\nkubernetesVersion: {release}\n"}}
    listed = [{"name": name, "clientURLs": [f"https://{name}:2379"]} for name in members or CONTROLS]
    health = [{"endpoint": f"https://{name}:2379", "health": name not in ill_members} for name in members or CONTROLS]
    parts = {
        "nodes": {"items": nodes},
        "pods": {"items": pods},
        "configuration": configuration,
        "members": {"members": listed},
    }
    text = "".join(f"{cluster_state.MARK}{name}\n{json.dumps(part, indent=1)}\n" for name, part in parts.items())
    return text + f'{cluster_state.MARK}health\n{{"level":"warn","msg":"retrying"}}\n{json.dumps(health)}\n'


def test_a_well_cluster_has_no_ills() -> None:
    assert cluster_state.ills(survey(), HOSTS, CONTROLS) == []


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (survey(ill=("w1",)), "the node w1 is not ready"),
        (survey(ill=("kube-apiserver/c2",)), "kube-apiserver of c2 is not ready"),
        (survey(ill=("-etcd/c3",)), "c3 runs no etcd"),
        (survey(ill_members=("c1",)), "c1 is not healthy in etcd"),
        (survey(members=["c1", "c2"]), "c3 is no member of etcd"),
        (survey(members=["c1", "c2", "c3", "c4"]), "etcd has a member c4 that is no control host"),
        (survey(kubelets={"stray": "v1.34.1"}), "stray is a node and no control host or worker of hosts.yaml"),
    ],
)
def test_an_ill_is_named(seen: str, words: str) -> None:
    assert cluster_state.ills(seen, HOSTS, CONTROLS) == [words]


def test_a_missing_node_is_named() -> None:
    assert cluster_state.ills(survey(), [*HOSTS, "w2"], CONTROLS) == ["w2 is no node of the cluster"]


@pytest.mark.parametrize("part", ["nodes", "pods", "configuration", "members", "health"])
def test_a_part_that_cannot_be_read_is_an_ill(part: str) -> None:
    pieces = survey().split(cluster_state.MARK)
    seen = cluster_state.MARK.join(f"{part}\n" if piece.startswith(f"{part}\n") else piece for piece in pieces)
    assert cluster_state.ills(seen, HOSTS, CONTROLS) == [
        f"the cluster could not be read (the cluster did not say anything about its {part})"
    ]
    assert cluster_state.ills("", HOSTS, CONTROLS) != []


@pytest.mark.parametrize(
    ("seen", "wanted", "words"),
    [
        (survey(), "v1.35.4", ""),
        (survey(), "v1.34.1", ""),
        (survey(), "v1.34.9", ""),
        (survey(release="v1.35.4", servers={"c1": "v1.35.4"}, kubelets={"c1": "v1.35.4"}), "v1.35.4", ""),  # half way
        (survey(), "v1.36.1", "upgrade to a v1.35 first"),
        (survey(), "v1.33.6", "newer than v1.33.6; a cluster never goes back"),
        (survey(), "v1.34.0", "newer than v1.34.0; a cluster never goes back"),
        (survey(kubelets={"w1": "v1.33.6"}), "v1.35.4", "the kubelet of w1 is v1.33.6, more than one minor"),
        (survey(servers={"c2": "v1.36.0"}), "v1.35.4", "kube-apiserver of c2 is v1.36.0, newer"),
        (survey(), "v2.35.0", "more than one minor release"),
        (survey(), "1.35", "'1.35' is no release of Kubernetes"),
        (survey(), "v1.35.0-rc.1", "is no release of Kubernetes"),
        ("", "v1.35.4", "did not say anything about its nodes"),
    ],
)
def test_a_cluster_goes_one_minor_release_at_a_time(seen: str, wanted: str, words: str) -> None:
    found = cluster_state.path_refusals(seen, wanted)
    assert bool(found) == bool(words)
    assert words in "; ".join(found)


def test_what_is_behind() -> None:
    half = survey(servers={"c1": "v1.35.4"}, kubelets={"c1": "v1.35.4", "w1": "v1.35.4"}, cordoned="w1")
    assert cluster_state.behind(half, "v1.35.4", "c1") == []
    assert cluster_state.behind(half, "v1.35.4", "w1") == ["cordoned by an upgrade"]
    assert "kubelet v1.34.1" in cluster_state.behind(half, "v1.35.4", "c2")
    assert "kube-apiserver v1.34.1" in cluster_state.behind(half, "v1.35.4", "c2")
    assert cluster_state.arrived(half, "v1.35.4") == ["c1"]
