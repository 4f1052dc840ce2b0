"""The embedded control plane itself: parts, pods, repair, and labs side by side."""

import dataclasses
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from ipaddress import IPv4Address

import psutil
import pytest
import yaml
from lab_sessions import MAPS, NAMESPACE, deployment, named, say, session, status_of
from waiting import wait_until

from yiyun import crds
from yiyun.crds import sources
from yiyun.errors import UserError
from yiyun.lab import lab as lab_module
from yiyun.lab import nodes, parts
from yiyun.lab.api import Api, Target, Unreachable, in_parallel
from yiyun.lab.lab import Lab
from yiyun.lab.pki import Pair
from yiyun.paths import CHECKOUT
from yiyun.site import Site

pytestmark = pytest.mark.lab

MEMORY_MB = 900


def states(lab):
    return {part.name: part.state for part in lab.status()}


def pids(lab):
    return {part.name: part.pid for part in lab.status()}


# --- up ----------------------------------------------------------------------------------------------------------


def test_all_parts_run_and_every_host_is_a_ready_node(lab, site):
    assert states(lab) == dict.fromkeys(parts.NAMES, "running")
    assert lab.running
    items = session(lab, "auditor").get("/api/v1/nodes")["items"]
    assert {item["metadata"]["name"] for item in items} == {host.name for host in site.hosts}
    assert {item["metadata"]["labels"]["kubernetes.io/arch"] for item in items} == {"amd64", "arm64"}
    assert not nodes.not_ready(session(lab, "auditor"), {host.name for host in site.hosts})
    for host in site.hosts:
        item = next(item for item in items if item["metadata"]["name"] == host.name)
        assert item["metadata"]["labels"]["topology.kubernetes.io/zone"] == host.zone
        assert item["status"]["capacity"]["memory"] == f"{host.memory_gib}Gi"
        control_only = "control" in host.roles and "worker" not in host.roles
        keys = {taint["key"] for taint in item["spec"].get("taints", ())}
        assert ("node-role.kubernetes.io/control-plane" in keys) == control_only


def test_taints_of_new_nodes_are_lifted(lab, site):
    """Without the controller-manager's node controller no pod would ever be placed."""
    api = session(lab, "ops")

    def held():
        items = api.get("/api/v1/nodes")["items"]
        return [t for item in items for t in item["spec"].get("taints", ()) if t["key"].endswith("not-ready")]

    wait_until(lambda: not held())


def test_second_up_changes_nothing_and_is_quick(lab):
    before, lines = pids(lab), []
    started = time.monotonic()
    lab.up(lines.append)
    assert time.monotonic() - started < 20
    assert pids(lab) == before
    assert "kinds: 84 (0 added, 0 changed)" in lines
    assert "nodes: 12 (0 added, 0 changed, 0 removed)" in lines


def test_memory_of_all_parts(lab):
    resident = {name: psutil.Process(pid).memory_info().rss / 1e6 for name, pid in pids(lab).items()}
    assert sum(resident.values()) < MEMORY_MB, resident


def test_everything_listens_on_loopback_only(lab):
    for pid in pids(lab).values():
        for connection in psutil.Process(pid).net_connections():
            if connection.status == psutil.CONN_LISTEN:
                assert connection.laddr.ip == "127.0.0.1"


def test_every_locked_kind_is_served_with_its_real_schema(lab):
    assert lab.unchecked_kinds == set()
    api = session(lab, "auditor")
    for kind in crds.read().kinds:
        for version in kind.versions:
            if version.served:
                assert api.get(f"/apis/{kind.group}/{version.name}/{kind.plural}")["items"] == []


def test_misspelled_field_is_refused(lab):
    vpc = named("kubeovn.io/v1", "Vpc", "typo", None, spec={"staticRoute": []})
    status, message = status_of(
        session(lab, "ops"), "POST", "/apis/kubeovn.io/v1/vpcs?dryRun=All&fieldValidation=Strict", vpc
    )
    assert (status, "staticRoute" in message) == (400, True)


def test_changed_and_removed_hosts(lab, site):
    changed = site.hosts[1].model_copy(update={"memory_gib": 999, "address": IPv4Address("198.18.9.9")})
    fewer = dataclasses.replace(site, hosts=(site.hosts[0], changed, *site.hosts[3:]))
    api = session(lab, "ops")
    taint = {"spec": {"taints": [{"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}]}}
    api.request("PATCH", f"/api/v1/nodes/{changed.name}", taint, content_type="application/merge-patch+json")
    lines = []
    try:
        Lab(fewer).up(lines.append)
        assert "nodes: 11 (0 added, 1 changed, 1 removed)" in lines
        node = api.get(f"/api/v1/nodes/{changed.name}")
        assert node["status"]["capacity"]["memory"] == "999Gi"
        assert "node.kubernetes.io/out-of-service" in {t["key"] for t in node["spec"]["taints"]}  # left to `ops`
        assert status_of(api, "GET", f"/api/v1/nodes/{site.hosts[2].name}")[0] == 404
    finally:
        lab.up(lines.append)
    assert "nodes: 12 (1 added, 1 changed, 0 removed)" in lines


# --- pods --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "selector",
    [
        {"topology.kubernetes.io/zone": "az2"},
        {"kubernetes.io/arch": "arm64", "topology.kubernetes.io/zone": "az3"},
        {"yiyun.io/cpu-family": "kunpeng"},
    ],
)
def test_pods_of_a_deployment_land_where_they_should(lab, selector):
    api, name = session(lab, "ops"), f"d{hashlib.sha256(str(selector).encode()).hexdigest()[:8]}"
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{name}"
    api.apply(path, deployment(name, 3, selector))
    wait_until(lambda: api.get(path)["status"].get("readyReplicas") == 3)
    pods = api.get(f"/api/v1/namespaces/{NAMESPACE}/pods?labelSelector=app%3D{name}")["items"]
    assert len(pods) == 3
    for pod in pods:
        assert pod["status"]["phase"] == "Running"
        labels = api.get(f"/api/v1/nodes/{pod['spec']['nodeName']}")["metadata"]["labels"]
        assert selector.items() <= labels.items()
    api.request("DELETE", f"{path}?propagationPolicy=Background")
    wait_until(lambda: not api.get(f"/api/v1/namespaces/{NAMESPACE}/pods?labelSelector=app%3D{name}")["items"])


def test_a_job_is_never_done_by_simulated_nodes(lab):
    api, path = session(lab, "ops"), f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs/purge"
    template = deployment("purge", 1, {}, restartPolicy="Never")["spec"]["template"]
    api.apply(path, named("batch/v1", "Job", "purge", spec={"template": template}))
    wait_until(lambda: api.get(path)["status"].get("active") == 1 and api.get(path)["status"].get("ready") == 1)
    assert "succeeded" not in api.get(path)["status"]
    api.request("DELETE", f"{path}?propagationPolicy=Background")
    wait_until(lambda: not api.get(f"/api/v1/namespaces/{NAMESPACE}/pods?labelSelector=app%3Dpurge")["items"])


def test_privileged_pod_is_refused_where_the_namespace_says_nothing(lab):
    container = {"name": "main", "image": "x", "securityContext": {"privileged": True}}
    pod = named("v1", "Pod", "root", spec={"containers": [container]})
    status, message = status_of(session(lab, "ops"), "POST", f"/api/v1/namespaces/{NAMESPACE}/pods", pod)
    assert status == 403
    assert 'violates PodSecurity "baseline' in message


# --- repair ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def objects(lab, ops):
    """200 objects, and a function that hashes what the server says of them."""

    def make(number):
        data = {"text": hashlib.sha256(str(number).encode()).hexdigest()}
        return ops.apply(f"{MAPS}/kept-{number}", named("v1", "ConfigMap", f"kept-{number}", data=data))

    in_parallel(make, range(200))

    def digest():
        items = session(lab, "ops").get(MAPS)["items"]
        kept = sorted((i["metadata"]["name"], i["metadata"]["uid"], i["metadata"]["resourceVersion"]) for i in items)
        assert len([name for name, _, _ in kept if name.startswith("kept-")]) == 200
        return hashlib.sha256(json.dumps([kept, [i.get("data") for i in items]]).encode()).hexdigest()

    return digest


@pytest.mark.parametrize("killed", [*((name,) for name in parts.NAMES), parts.NAMES])
def test_killed_parts_are_named_and_repaired(lab, site, objects, killed):
    before, old = objects(), pids(lab)
    for name in killed:
        os.kill(old[name], signal.SIGKILL)
    wait_until(lambda: all(states(lab)[name] == "killed" for name in killed))
    assert not lab.running
    lines = []
    lab.up(lines.append)
    for name in killed:
        assert any(line.startswith(f"{name}: process {old[name]} is gone") for line in lines)
        assert pids(lab)[name] not in {None, old[name]}
    assert states(lab) == dict.fromkeys(parts.NAMES, "running")
    assert objects() == before
    assert not nodes.not_ready(session(lab, "ops"), {host.name for host in site.hosts})


def test_write_that_was_acknowledged_survives_a_kill_of_the_store(lab):
    ops = session(lab, "ops")  # a new one: a repaired API server may have another port
    ops.apply(f"{MAPS}/last", named("v1", "ConfigMap", "last", data={"k": "v"}))
    os.kill(pids(lab)["etcd"], signal.SIGKILL)
    os.kill(pids(lab)["kube-apiserver"], signal.SIGKILL)
    wait_until(lambda: states(lab)["kube-apiserver"] == "killed")
    lab.up(say)
    assert session(lab, "ops").get(f"{MAPS}/last")["data"] == {"k": "v"}


def test_hanging_part_is_unhealthy_and_replaced(lab, monkeypatch):
    monkeypatch.setattr(lab_module, "SICK_SECONDS", 1.0)
    old = pids(lab)["kube-scheduler"]
    os.kill(old, signal.SIGSTOP)
    wait_until(lambda: states(lab)["kube-scheduler"] == "unhealthy")
    lines = []
    monkeypatch.setattr(lab_module.process, "TERM_SECONDS", 1.0)
    lab.up(lines.append)
    assert f"kube-scheduler: replacing process {old}" in lines
    assert states(lab)["kube-scheduler"] == "running"


def test_part_without_a_record_is_replaced_not_doubled(lab):
    """As after a kill of `lab up` between starting a part and writing it down."""
    old = pids(lab)["kwok"]
    lab.layout.record("kwok").unlink()
    assert states(lab)["kwok"] == "stopped"
    lines = []
    lab.up(lines.append)
    assert f"ending {old}: a part that no record knows" in lines
    assert states(lab)["kwok"] == "running"
    assert pids(lab)["kwok"] != old


def test_part_that_cannot_start_says_why(lab, monkeypatch):
    old = pids(lab)["kube-scheduler"]
    flags = parts._served
    monkeypatch.setattr(parts, "_served", lambda *args: (("--no-such-flag", *flags(*args)[0]), flags(*args)[1]))
    with pytest.raises(UserError, match=r"kube-.*ended while starting[\s\S]*no-such-flag"):
        lab.up(say)
    monkeypatch.undo()
    lab.up(say)
    assert pids(lab)["kube-scheduler"] != old
    assert lab.running


def run_up(site_path):
    code = (
        "import sys; from yiyun.lab.lab import Lab; from yiyun.site import Site; Lab(Site.load(sys.argv[1])).up(print)"
    )
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "src")}
    return subprocess.Popen([sys.executable, "-c", code, str(site_path)], env=environment, stdout=subprocess.DEVNULL)


def processes_of(lab):
    mark = f"{lab.layout.root}/"
    return [
        p.pid
        for p in psutil.process_iter(["cmdline"])
        if any(mark in argument for argument in (p.info["cmdline"] or [])[1:])
    ]


def test_ups_at_once_and_killed_ups_start_nothing_twice(lab, site):
    """Two at once from nothing; then one after the other killed at growing times; five processes in the end."""
    lab.down()
    assert processes_of(lab) == []
    both = [run_up(site.path), run_up(site.path)]
    assert [each.wait(300) for each in both] == [0, 0]
    assert sorted(processes_of(lab)) == sorted(pids(lab).values())
    lab.down()
    for seconds in (0.6, 1.2, 2.4):
        victim = run_up(site.path)
        time.sleep(seconds)
        victim.kill()
        victim.wait()
    lab.up(say)
    assert sorted(processes_of(lab)) == sorted(pids(lab).values())
    assert lab.running


def test_down_keeps_what_was_stored(lab, objects):
    before = objects()
    lab.down()
    assert states(lab) == dict.fromkeys(parts.NAMES, "stopped")
    assert processes_of(lab) == []
    with pytest.raises(Unreachable):
        session(lab, "ops").get("/api/v1/namespaces")
    lab.up(say)
    assert objects() == before


def test_port_that_was_taken_meanwhile_is_replaced(lab, objects):
    lab.down()
    ports = json.loads(lab.layout.ports.read_text())
    old = lab.kubeconfig("ops").read_text()
    with socket.create_server(("127.0.0.1", ports["kube-apiserver"])):
        lab.up(say)
        assert json.loads(lab.layout.ports.read_text())["etcd"] == ports["etcd"]
        assert json.loads(lab.layout.ports.read_text())["kube-apiserver"] != ports["kube-apiserver"]
        assert lab.kubeconfig("ops").read_text() != old
        objects()
        assert lab.running


def test_port_that_is_taken_between_choice_and_use_is_chosen_again(lab, monkeypatch):
    lab.down()
    choose, thieves = lab_module.assign, []

    def assign_and_lose(*args, **more):
        ports = choose(*args, **more)
        if not thieves:
            thieves.append(socket.create_server(("127.0.0.1", ports["kube-apiserver"])))
        return ports

    monkeypatch.setattr(lab_module, "assign", assign_and_lose)
    lines = []
    try:
        lab.up(lines.append)
    finally:
        thieves[0].close()
    assert any(line.startswith("taken by another program meanwhile") for line in lines)
    assert lab.running


# --- other labs --------------------------------------------------------------------------------------------------


def test_labs_side_by_side_do_not_know_each_other(lab, site, tmp_path):
    """Another site of the same name has its own state, authority and people; its end does not touch this one."""
    copy = tmp_path / "lab"
    subprocess.run(["cp", "-r", str(site.path), str(copy)], check=True)
    other = Lab(Site.load(copy))
    assert other.layout.root != lab.layout.root
    before = pids(lab)
    try:
        other.up(say)
        assert other.running
        assert lab.running
        assert not set(pids(other).values()) & set(pids(lab).values())
        assert status_of(session(other, "ops"), "GET", f"/api/v1/namespaces/{NAMESPACE}")[0] == 404
        foreign = Pair(other.layout.pki / "client-admin.crt", other.layout.pki / "client-admin.key")
        server = yaml.safe_load(lab.kubeconfig("ops").read_text())["clusters"][0]["cluster"]["server"]
        intruder = Api(Target(server, lab.layout.pki / "ca.crt", foreign))
        assert status_of(intruder, "GET", "/api/v1/namespaces")[0] == 401
    finally:
        other.reset()
    assert processes_of(other) == []
    assert not other.site.state_dir.exists()
    assert pids(lab) == before


def test_lab_without_any_source_of_schemas(site, home, tmp_path, monkeypatch):
    """It comes up with open schemas, names them, and takes the real ones as soon as there is a source."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("YIYUN_BUNDLE", str(tmp_path / "none"))
    of_machine = crds.crd_cache()  # the labs of this session filled it
    monkeypatch.setattr(crds, "crd_cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(sources.golang, "on_path", lambda: None)
    monkeypatch.setattr(sources.golang, "installed", lambda: None)
    asked = []
    monkeypatch.setattr(
        sources.Sources, "_download", lambda self, url: asked.append(url) or self._down.setdefault("url", "no")
    )
    lab, kinds, lines = Lab(site), {kind.name for kind in crds.read().kinds}, []
    try:
        lab.up(lines.append)
        assert len(asked) == 1
        assert lab.unchecked_kinds == kinds
        assert {line.partition(":")[0] for line in lines if "accepted unchecked" in line} == kinds
        vpc = named("kubeovn.io/v1", "Vpc", "open", None, spec={"anything": 1})
        path = "/apis/kubeovn.io/v1/vpcs?dryRun=All&fieldValidation=Strict"
        assert status_of(session(lab, "ops"), "POST", path, vpc) == (200, "")
        lines.clear()
        lab.up(lines.append, allow_unchecked=True)
        assert len(asked) == 1  # not again within the hour
        assert any(line.startswith(f"{len(kinds)} kinds have an open schema") for line in lines)
        monkeypatch.setattr(crds, "crd_cache", lambda: of_machine)
        lines.clear()
        lab.up(lines.append)
        assert f"kinds: {len(kinds)} (0 added, {len(kinds)} changed)" in lines
        assert lab.unchecked_kinds == set()
        status, message = status_of(session(lab, "ops"), "POST", path, vpc)
        assert (status, "anything" in message) == (400, True)
    finally:
        lab.reset()


def test_kubeconfig_of_a_lab_that_never_was(site, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    lab = Lab(site)
    assert states(lab) == dict.fromkeys(parts.NAMES, "stopped")
    assert lab.unchecked_kinds == set()
    with pytest.raises(UserError, match=r"lab lab has no kubeconfig for ops yet: run  \./yiyun lab up"):
        lab.kubeconfig("ops")
    lab.down()
    lab.reset()
    assert list(tmp_path.iterdir()) == []


def test_reset_leaves_nothing(lab, home):
    lab.reset()
    assert processes_of(lab) == []
    assert [path for path in home.rglob("*") if path.is_file()] == []
    assert states(lab) == dict.fromkeys(parts.NAMES, "stopped")
