"""The probe of the control plane, on a written /proc: what it prints, and what must never leave a host."""

import base64
import os
import subprocess
from pathlib import Path

import pytest

from yiyun.evidence.hosts import probes
from yiyun.evidence.hosts.probes import Unreadable

PROBE = probes.load()["control_plane"]
WRITTEN = Path(__file__).parent / "written_hosts/kubeadm/control_plane.txt"
KEY = base64.b64encode(bytes(range(200, 232))).decode()
ENCRYPTION = {
    "block": "resources:\n- resources: [secrets]\n  providers:\n  - secretbox:\n      keys:\n      - name: key1\n        secret: KEY\n",
    "flow": '{"resources": [{"resources": ["secrets"], "providers": [{"aesgcm": {"keys": [{"name": "a", "secret": "KEY"}]}}]}]}',
    "folded": "resources:\n- resources: [secrets]\n  providers:\n  - aescbc:\n      keys:\n      - name: key1\n        secret: >-\n          KEY\n",
}


@pytest.fixture
def said(tmp_path):
    """What the probe prints of an API server and an etcd that were started with these files and words."""

    def run(encryption: str, *etcd: str) -> str:
        processes = {
            "kube-apiserver": (11, ["/usr/bin/kube-apiserver", "--encryption-provider-config=/etc/encryption.yaml"]),
            "etcd": (12, ["/usr/bin/etcd", *etcd]),
        }
        for pid, words in processes.values():
            home = tmp_path / f"proc/{pid}"
            (home / "root/etc").mkdir(parents=True)
            (home / "cmdline").write_text("\0".join(words) + "\0")
            (home / "environ").write_text("PATH=/bin\0ETCD_CLIENT_CERT_AUTH=true\0ETCD_DISCOVERY_PASSWORD=canary\0")
            (home / "root/etc/encryption.yaml").write_text(f"kind: EncryptionConfiguration\n{encryption}")
        programs = tmp_path / "bin"
        programs.mkdir()
        running = "".join(f"{pid} {name}\n" for name, (pid, _) in processes.items())
        (programs / "ps").write_text(f'#!/bin/sh\nif [ "$1" = -e ]; then printf "{running}"; else echo 60; fi\n')
        (programs / "ps").chmod(0o755)
        done = subprocess.run(
            ["/bin/sh", "-c", PROBE.command.replace("/proc/", f"{tmp_path}/proc/")],
            env={"PATH": f"{programs}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return done.stdout

    return run


@pytest.mark.parametrize("form", ENCRYPTION)
def test_no_key_leaves_the_host(said, form):
    text = said(ENCRYPTION[form].replace("KEY", KEY), "--name=a")
    assert KEY not in text
    assert "canary" not in text
    if form != "flow":  # JSON behind a line of YAML is no file that the API server reads
        (found,) = PROBE.parse(text)["apiserver"]["encryption"]["resources"]
        assert found["resources"] == ["secrets"]


def test_what_no_flag_of_etcd_says_its_environment_does(said):
    assert PROBE.parse(said("resources: []", "--name", "a"))["etcd"]["client_proof"] is True


def test_a_flag_of_etcd_that_is_given_wins(said):
    assert PROBE.parse(said("resources: []", "-client-cert-auth=false"))["etcd"]["client_proof"] is False


def test_a_file_newer_than_the_process_is_stale(said):
    found = PROBE.parse(said("resources: []"))["apiserver"]
    assert found["encryption"]["stale"] is True
    assert found["authorization"] == ["AlwaysAllow"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("== end\n", ""),
        ("kind: Policy", "kind: Polcy"),
        ("rules:\n", "rules: 7\n"),
        ("--profiling=false\n--proxy", "--profiling=perhaps\n--proxy"),
        ("started 1795828000", "started never"),
        ("--leader-elect=true\n--profiling=false\n== etcd", "--config=/etc/scheduler.yaml\n== etcd"),
        ("--name=lab-az1-01", "--config-file=/etc/etcd.yaml"),
        ("== kube-scheduler\n", "== kube-scheduler\nword\n"),
        ("    configuration:\n", "    path: elsewhere.yaml\n    configuration:\n"),
    ],
)
def test_what_is_not_understood_is_refused(old, new):
    text = WRITTEN.read_text()
    assert old in text
    with pytest.raises(Unreadable):
        PROBE.parse(text.replace(old, new, 1))


def test_a_host_without_a_control_plane_has_none():
    assert PROBE.parse("== end\n") == {"apiserver": None, "manager": None, "scheduler": None, "etcd": None}
