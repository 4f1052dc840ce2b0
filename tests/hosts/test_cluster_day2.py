"""Day 2 of a real cluster on real hosts, each under a client's load: backup and restore, certificates, lost hosts, upgrade.

Failed requests are counted and recorded. What was acknowledged is never lost, except by a restore, which is what it is for.
"""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import _recording
import pytest
from conftest import BIN, ETCD, host_place
from load import Client, prepare, stored

from yiyun.errors import UserError
from yiyun.lab.hosts import kubernetes
from yiyun.operations.hosts import access, bring_up, cluster
from yiyun.paths import CHECKOUT

CONTROLS = ("real-az1-01", "real-az2-01", "real-az3-01")
CLIENT_HOST = "real-az1-02"
HOUR = 3600.0
CHANGED = re.compile(r"^(\S+) +: ok=\d+ +changed=(\d+)", re.MULTILINE)
CERTIFICATES = """sudo sh -c '
for file in /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt; do
  case $file in
    */ca.crt | */front-proxy-ca.crt) ;;
    *) echo "$file $(openssl x509 -noout -serial -in $file)" ;;
  esac
done
cd /etc/kubernetes && sha256sum admin.conf controller-manager.conf scheduler.conf'"""
SERVED = "echo | openssl s_client -connect {} 2>/dev/null | openssl x509 -noout -serial"


@pytest.fixture(scope="module")
def real():
    """A copy of lab-real whose cluster runs an application, taken down at the end."""
    with host_place("lab-real") as made:
        bring_up.up(made.site, lambda _text: None)
        prepare(made)
        yield made


@pytest.fixture(scope="module")
def figures():
    """What was seen, by what was done; written at the end beside what earlier runs did, each with its commit."""
    found: dict = {}
    yield found
    if found:
        _recording.add("cluster_day2", found)


def start(place, playbook, *arguments):
    """Begin to run a playbook as an operator does, in a group of processes of its own."""
    argv = [str(BIN / "ansible-playbook"), "-i", str(place.directory), f"playbooks/{playbook}.yml", *arguments]
    environment = place.env | access.environment(place.site) | {"PATH": f"{BIN}:{os.environ['PATH']}"}
    return subprocess.Popen(
        argv,
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )


def run(place, playbook, *arguments, code=0):
    """Run a playbook to its end and return what it said."""
    process = start(place, playbook, *arguments)
    said = process.communicate(timeout=HOUR)[0]
    assert "Traceback" not in said, said[-3000:]
    assert (process.returncode == 0) == (code == 0), said[-6000:]
    return said


def changes(said):
    """Numbers of changes by host."""
    return {host: int(count) for host, count in CHANGED.findall(said)}


def record(figures, record_property, name, seen, seconds):
    found = {"seconds": round(seconds), **seen.figures()}
    figures[name] = found
    record_property(name, json.dumps(found))


def nothing_lost(place, seen):
    """What was acknowledged is there, and was so at once to who read it."""
    assert seen.written <= stored(place)
    assert not [request for request in seen.of("read") if request["error"] == "status 404"]


def nodes(place):
    listed = json.loads(cluster.kubectl(place.site, "get", "nodes", "--output", "json"))["items"]
    return {node["metadata"]["name"]: node for node in listed}


def tags(place):
    """Tags of the images of all pods of kube-system, by their name and host."""
    listed = json.loads(cluster.kubectl(place.site, "-n", "kube-system", "get", "pods", "--output", "json"))["items"]
    return {
        (image.rpartition("/")[2].rpartition(":")[0], pod["spec"]["nodeName"], image.rpartition(":")[2])
        for pod in listed
        for image in [pod["spec"]["containers"][0]["image"]]
    }


def test_a_snapshot_brings_everything_back(real, figures, record_property, tmp_path):
    site = real.site
    cluster.kubectl(site, "create", "configmap", "before", "--from-literal=word=kept")
    cluster.kubectl(site, "create", "secret", "generic", "before", "--from-literal=word=secret")
    kept = cluster.kubectl(site, "get", "configmap/before", "secret/before", "--output", "yaml")
    place = ("--extra-vars", f"etcd_backup_directory={tmp_path}")
    with Client(real, CLIENT_HOST, "restore") as client:
        early = client.written()
        said = run(real, "etcd_backup", *place)
        between = client.written()
        (snapshot,) = tmp_path.glob("*.db")
        about = json.loads(Path(f"{snapshot}.json").read_text())
        assert f"revision {about['status']['revision']}" in said
        assert snapshot.stat().st_mode & 0o777 == 0o600
        assert b"c2VjcmV0" not in snapshot.read_bytes()
        assert b"k8s:enc:secretbox:v1:key1:" in snapshot.read_bytes()
        assert "No such file" in real.on(CONTROLS[0], "sudo ls /var/lib/yiyun-etcd-backup 2>&1", check=False)
        cluster.kubectl(site, "create", "configmap", "after", "--from-literal=word=lost")
        cluster.kubectl(site, "delete", "configmap", "before")

        refused = run(real, "etcd_restore", "--extra-vars", f"etcd_restore_snapshot={snapshot}", code=2)
        assert "Nothing was touched" in refused
        assert "etcd_restore_confirm=lab-real" in refused
        cluster.kubectl(site, "get", "configmap", "after")

        late = client.written() - between
        assert late
        began = time.monotonic()
        run(real, "etcd_restore", "--extra-vars", f"etcd_restore_confirm=lab-real etcd_restore_snapshot={snapshot}")
        seconds = time.monotonic() - began
        # The client goes on by itself, with the token and the application of before.
        restored = client.written()
        time.sleep(5)
        assert client.written() > restored
        seen = client.stop()
    assert cluster.kubectl(site, "get", "configmap/before", "secret/before", "--output", "yaml") == kept
    with pytest.raises(UserError, match="not found"):
        cluster.kubectl(site, "get", "configmap", "after")
    there = stored(real)
    assert early | (seen.written - restored) <= there
    assert not late & there
    for host in CONTROLS:
        assert re.search(r"^yiyun-before-\d{8}T\d{6}Z$", real.on(host, "sudo ls /var/lib/etcd"), re.MULTILINE)
        assert "is healthy" in real.on(host, f"{ETCD} endpoint health --cluster 2>&1")
    members = json.loads(real.on(CONTROLS[0], f"{ETCD} member list --write-out json"))["members"]
    assert {member["name"] for member in members} == set(CONTROLS)
    # Revisions went on, so that nobody who watches takes old news for new.
    revision = json.loads(real.on(CONTROLS[0], f"{ETCD} endpoint status --write-out json"))[0]["Status"]["header"][
        "revision"
    ]
    assert revision > about["status"]["revision"] + 10**9
    record(figures, record_property, "restore", seen, seconds)


def test_certificates_are_renewed_one_host_at_a_time(real, figures, record_property):
    before = {host: real.on(host, CERTIFICATES).splitlines() for host in CONTROLS}
    assert all(len(lines) >= 10 for lines in before.values())
    untouched = run(real, "renew_certificates")
    assert set(changes(untouched).values()) == {0}
    refused = run(real, "renew_certificates", "--extra-vars", "kubernetes_certificates_authority_days=99999", code=2)
    assert "the authority ca itself ends on" in refused
    assert {host: real.on(host, CERTIFICATES).splitlines() for host in CONTROLS} == before
    with Client(real, CLIENT_HOST, "renew") as client:
        began = time.monotonic()
        run(real, "renew_certificates", "--extra-vars", "kubernetes_certificates_days=366")
        seconds = time.monotonic() - began
        seen = client.stop()
    for host in CONTROLS:
        after = real.on(host, CERTIFICATES).splitlines()
        assert len(after) == len(before[host])
        assert not set(after) & set(before[host])
        for port, file in (("6443", "apiserver.crt"), ("2379", "etcd/server.crt")):
            serial = real.on(host, SERVED.format(f"{real.site.host(host).address}:{port}")).strip()
            assert f"/etc/kubernetes/pki/{file} {serial}" in after
    assert set(changes(run(real, "renew_certificates")).values()) == {0}
    nothing_lost(real, seen)
    cluster.fetch_kubeconfig(real.site)
    record(figures, record_property, "certificates", seen, seconds)


def replace(real, lost, prefix):
    """Lose a host with its disk, and replace it; returns what a client saw, and the seconds of the playbook."""
    old = nodes(real)[lost]["metadata"]["uid"]
    named = ("--limit", lost, "--extra-vars", f"replace_host_confirm={lost}")
    assert "is a ready node" in run(real, "replace_host", *named, code=2)
    with Client(real, CLIENT_HOST, prefix) as client:
        real.yiyun("lab", "hosts", "down", "--hosts", lost)
        deadline = time.monotonic() + 120
        while lost not in cluster.not_ready(real.site):
            assert time.monotonic() < deadline
            time.sleep(2)
        real.yiyun("lab", "hosts", "up", "--hosts", lost)
        kubernetes.serve(real.site, lambda _text: None)
        assert "twice" in run(real, "replace_host", "--limit", lost, code=2)
        began = time.monotonic()
        run(real, "replace_host", *named)
        seconds = time.monotonic() - began
        seen = client.stop()
    assert nodes(real)[lost]["metadata"]["uid"] != old
    assert cluster.not_ready(real.site) == []
    nothing_lost(real, seen)
    return seen, seconds


def test_a_lost_control_host_is_replaced(real, figures, record_property):
    lost = "real-az2-01"
    ids = json.loads(real.on(CONTROLS[0], f"{ETCD} member list --write-out json"))["members"]
    seen, seconds = replace(real, lost, "control")
    members = json.loads(real.on(lost, f"{ETCD} member list --write-out json"))["members"]
    assert {member["name"] for member in members} == set(CONTROLS)
    new = {member["ID"] for member in members} - {member["ID"] for member in ids}
    assert [member["name"] for member in members if member["ID"] in new] == [lost]
    assert real.on(lost, f"{ETCD} endpoint health --cluster 2>&1").count("is healthy") == 3
    record(figures, record_property, "control host", seen, seconds)


def test_a_lost_worker_is_replaced(real, figures, record_property):
    seen, seconds = replace(real, "real-az3-02", "worker")
    record(figures, record_property, "worker", seen, seconds)


def want(real, version):
    """Write into the site which release its cluster is to be of."""
    file = real.directory / "group_vars" / "all.yaml"
    lines = [line for line in file.read_text().splitlines() if not line.startswith("kubernetes_version:")]
    file.write_text("\n".join([*lines, f"kubernetes_version: {version}"]) + "\n")


def test_an_upgrade_brings_every_host_to_the_next_release(real, figures, record_property):
    site, goal = real.site, kubernetes.NEXT
    kubernetes.serve(site, lambda _text: None, goal)
    for version, words in (("v1.36.0", "more than one minor release before v1.36.0"), ("v1.33.6", "never goes back")):
        want(real, version)
        assert words in run(real, "upgrade", code=2)
    assert {node["status"]["nodeInfo"]["kubeletVersion"] for node in nodes(real).values()} == {kubernetes.VERSION}
    want(real, goal.version)
    with Client(real, CLIENT_HOST, "upgrade") as client:
        began = time.monotonic()
        killed = start(real, "upgrade")
        try:
            # In the midst of the second control host: the first is done, kubeadm works on the next.
            while (
                real.on(CONTROLS[1], "sudo test -e /etc/kubernetes/yiyun/upgrading && echo yes", check=False) != "yes\n"
            ):
                assert killed.poll() is None, killed.communicate()[0][-6000:]
                time.sleep(1)
            time.sleep(5)
        finally:
            os.killpg(killed.pid, signal.SIGKILL)
            killed.communicate()
        said = run(real, "upgrade")
        seconds = time.monotonic() - began
        seen = client.stop()
    assert changes(said)[CONTROLS[0]] > 0  # it backs up etcd again
    for name, node in nodes(real).items():
        assert node["status"]["nodeInfo"]["kubeletVersion"] == goal.version, name
        assert not node["spec"].get("unschedulable"), name
        assert "yiyun.io/upgrade-cordoned" not in node["metadata"]["annotations"], name
        assert real.on(name, "/usr/local/bin/kubeadm version --output short").strip() == goal.version
        assert real.on(name, "sudo ls /etc/kubernetes/yiyun/upgrading 2>&1", check=False).count("No such file") == 1
    run_now = tags(real)
    for part in ("kube-apiserver", "kube-controller-manager", "kube-scheduler"):
        assert {(host, tag) for name, host, tag in run_now if name == part} == {
            (host, goal.version) for host in CONTROLS
        }
    assert {(host, tag) for name, host, tag in run_now if name == "etcd"} == {(host, goal.etcd) for host in CONTROLS}
    assert {(host, tag) for name, host, tag in run_now if name == "kube-proxy"} == {
        (host, goal.version) for host in nodes(real)
    }
    nothing_lost(real, seen)
    assert list((real.directory / "backups" / "etcd").glob("lab-real-*.db"))
    assert set(changes(run(real, "upgrade")).values()) == {0}
    assert set(changes(run(real, "kubernetes")).values()) == {0}
    record(figures, record_property, "upgrade", seen, seconds)
