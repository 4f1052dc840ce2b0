"""Simulated nodes: one per host, with the host's labels, size and identity."""

import copy

import pytest
from shipped import SITES

from yiyun.lab import nodes
from yiyun.lab.api import ApiError
from yiyun.paths import CHECKOUT
from yiyun.site import Site


@pytest.fixture(scope="module", params=SITES)
def site(request):
    return Site.load(CHECKOUT / "inventories" / request.param)


class FakeApi:
    """Keeps nodes as an API server does: registration, metadata and status apart."""

    def __init__(self):
        self.nodes = {}
        self.calls = []

    def get(self, _path):
        return {"items": copy.deepcopy(list(self.nodes.values()))}

    def request(self, method, path, body=None):
        self.calls.append(method)
        name = body["metadata"]["name"] if body else path.rpartition("/")[2]
        if method == "DELETE":
            if name not in self.nodes:
                raise ApiError(404, method, path, "not found")
            del self.nodes[name]
        elif name in self.nodes:
            raise ApiError(409, method, path, "exists")
        else:
            self.nodes[name] = copy.deepcopy(body)

    def apply(self, path, manifest):
        self.calls.append("APPLY")
        name, _, status = path.removeprefix(nodes.PATH + "/").partition("/")
        if status:
            self.nodes[name]["status"] = manifest["status"]
        else:
            self.nodes[name]["metadata"] = dict(manifest["metadata"])


def test_nodes_are_the_hosts(site):
    api = FakeApi()
    assert nodes.synchronize(api, site.hosts, site.name) == (len(site.hosts), 0, 0)
    for host in site.hosts:
        node = api.nodes[host.name]
        labels = node["metadata"]["labels"]
        assert labels["kubernetes.io/arch"] == host.arch == node["status"]["nodeInfo"]["architecture"]
        assert labels["topology.kubernetes.io/zone"] == host.zone
        assert labels["topology.rook.io/rack"] == host.rack
        assert labels["yiyun.io/cpu-family"] == host.cpu_family.value
        assert node["metadata"]["annotations"]["yiyun.io/simulated"] == "true"
        assert node["status"]["capacity"]["cpu"] == str(host.cpus)
        assert node["status"]["capacity"]["memory"] == f"{host.memory_gib}Gi"
        assert int(node["status"]["capacity"]["pods"]) >= 110
        assert node["status"]["nodeInfo"]["kernelVersion"] == host.kernel
        assert {"type": "InternalIP", "address": str(host.address)} in node["status"]["addresses"]


def test_second_run_writes_nothing(site):
    api = FakeApi()
    nodes.synchronize(api, site.hosts, site.name)
    api.calls.clear()
    assert nodes.synchronize(api, site.hosts, site.name) == (0, 0, 0)
    assert api.calls == []


def test_only_control_hosts_that_are_no_workers_are_tainted(site):
    for host in site.hosts:
        tainted = bool(nodes.taints(host))
        assert tainted == ("control" in host.roles and "worker" not in host.roles)
    one = site.hosts[0]
    assert nodes.taints(one.model_copy(update={"roles": frozenset({"control"})})) == [nodes.TAINT]
    assert nodes.taints(one.model_copy(update={"roles": frozenset({"control", "worker"})})) == []


def test_changed_host_is_described_again_and_a_lost_one_removed(site):
    api = FakeApi()
    nodes.synchronize(api, site.hosts, site.name)
    first, second, *rest = site.hosts
    bigger = first.model_copy(update={"memory_gib": first.memory_gib + 64})
    assert nodes.synchronize(api, [bigger, *rest], site.name) == (0, 1, 1)
    assert second.name not in api.nodes
    assert api.nodes[first.name]["status"]["capacity"]["memory"] == f"{bigger.memory_gib}Gi"


def test_nodes_of_others_are_left_alone(site):
    api = FakeApi()
    api.nodes["real"] = {"metadata": {"name": "real"}}
    nodes.synchronize(api, site.hosts, site.name)
    assert "real" in api.nodes


def test_a_node_that_appears_meanwhile_is_no_error(site):
    api = FakeApi()
    host = site.hosts[0]
    api.nodes[host.name] = {"metadata": {"name": host.name}}
    nodes._register(api, host, site.name)
    assert api.nodes[host.name]["metadata"]["labels"]


@pytest.mark.parametrize(
    ("condition", "waits"),
    [
        ({"type": "Ready", "status": "True"}, False),
        ({"type": "Ready", "status": "Unknown"}, True),
        ({"type": "Ready", "status": "False"}, True),
        ({"type": "MemoryPressure", "status": "True"}, True),
    ],
)
def test_only_ready_means_ready(condition, waits):
    api = FakeApi()
    api.nodes["n"] = {"metadata": {"name": "n"}, "status": {"conditions": [condition]}}
    assert nodes.not_ready(api, ["n"]) == ({"n"} if waits else set())
    assert nodes.not_ready(api, ["n", "gone"]) >= {"gone"}
