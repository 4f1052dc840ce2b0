"""A real bundle, made here: a checkout without any network lives on it, and so does a real host."""

import json
import os
import shutil
import subprocess

import pytest
from conftest import HostPlace, host_place
from converging import play

from yiyun.bundle.layout import SEAL
from yiyun.bundle.manifest import parse
from yiyun.operations.hosts import access
from yiyun.paths import CHECKOUT

HOST = "real-az1-02"
MINUTES = 60.0
SERVER = "http://198.19.0.1"


class Bundle:
    """The bundle of a site, and the environment in which it is used."""

    def __init__(self, place: HostPlace) -> None:
        self.place, self.directory = place, place.root / "bundle"
        place.yiyun("bundle", "create", str(self.directory), "--arch", "amd64", timeout=60 * MINUTES)
        self.fingerprint = next(iter(SEAL.trusted()))
        place.env |= {"YIYUN_BUNDLE": str(self.directory), "YIYUN_BUNDLE_KEY": self.fingerprint}

    @property
    def manifest(self):
        return parse((self.directory / "bundle.json").read_bytes(), "bundle.json")

    def put_back(self, path: str, content: bytes) -> None:
        (self.directory / path).write_bytes(content)


@pytest.fixture(scope="module")
def made():
    """A bundle for a copy of lab-real whose hosts are not up yet."""
    with host_place("lab-real") as place, pytest.MonkeyPatch.context() as patch:
        bundle = Bundle(place)
        for name in ("YIYUN_BUNDLE", "YIYUN_BUNDLE_KEY"):
            patch.setenv(name, place.env[name])
        yield bundle


@pytest.fixture(scope="module")
def hosts(made):
    """One host of the lab, adopted, with nothing but the bundle served to it."""
    made.place.yiyun("lab", "hosts", "up", "--hosts", HOST, timeout=20 * MINUTES)
    made.place.yiyun("hosts", "adopt", "--hosts", HOST, timeout=10 * MINUTES)
    return made


def refused_play(bundle: Bundle, *args: str) -> str:
    """Run a play that must fail; return what it says."""
    argv = [str(CHECKOUT / ".venv" / "bin" / "ansible-playbook"), "-i", str(bundle.place.directory), *args]
    path = f"{CHECKOUT / '.venv' / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        [*argv, "--limit", HOST],
        cwd=CHECKOUT,
        env=bundle.place.env | access.environment(bundle.place.site) | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=20 * MINUTES,
        check=False,
    )
    assert done.returncode != 0, done.stdout[-3000:]
    return done.stdout + done.stderr


def test_the_bundle_has_every_part(made):
    files = made.manifest.files
    assert {file.kind for file in files} == {"binary", "crd", "image", "index", "package", "python", "wheel"}
    names = {file.name for file in files}
    assert {"pulumi", "kubectl", "kubelet", "kubeadm", "chrony", "containerd", "nftables", "python3", "sudo"} <= names
    assert [missing for missing in made.manifest.missing if not missing.by_design] == []
    assert {file.os_profile for file in files if file.kind == "package"} == {"debian-12"}


def test_a_second_create_changes_nothing(made):
    before = {path: path.stat().st_mtime_ns for path in made.directory.rglob("*")}
    done = made.place.yiyun("bundle", "create", str(made.directory), "--arch", "amd64", timeout=20 * MINUTES)
    assert "0 files written" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in made.directory.rglob("*")} == before


def test_a_checkout_lives_on_the_bundle_without_a_network(made, tmp_path):
    """In a network namespace without any interface: .venv from the wheels, then the tools of the bundle."""
    checkout = tmp_path / "checkout"
    ignore = shutil.ignore_patterns(".git", ".venv*", "__pycache__", ".mypy_cache", ".ruff_cache", ".hypothesis")
    shutil.copytree(CHECKOUT, checkout, ignore=ignore, symlinks=True)
    environment = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(tmp_path),
        "YIYUN_BUNDLE": str(made.directory),
        "YIYUN_BUNDLE_KEY": made.fingerprint,
    }

    def offline(*args, code):
        command = ["unshare", "--net", str(checkout / "yiyun"), *args]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=20 * MINUTES, check=False, cwd=tmp_path
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    said = offline("bundle", "verify", str(made.directory), code=0)
    assert "taking its packages from" in said
    assert "good: " in said
    tools = offline("doctor", code=0)
    assert tools.count(" bundle ") == 10, tools
    assert "missing" not in tools


def test_hosts_are_served_the_bundle_and_nothing_else(hosts):
    served = hosts.place.lab.served
    assert (served / "packages" / "debian-12").readlink() == hosts.directory / "packages" / "debian-12"
    assert {path.name for path in served.iterdir()} == {"packages"}


def test_a_repository_that_is_not_the_bundles_is_refused(hosts):
    path = "packages/debian-12/Packages"
    content = (hosts.directory / path).read_bytes()
    before = hosts.place.on(HOST, "dpkg-query --show | sha256sum")
    hosts.put_back(path, content.replace(b"Package: chrony\n", b"Package: chrony\nX-Other: 1\n", 1))
    try:
        said = refused_play(hosts, "playbooks/hosts.yml", "--tags", "base")
        assert "is not that of the bundle in YIYUN_BUNDLE: nothing is installed" in " ".join(said.split())
        assert hosts.place.on(HOST, "dpkg-query --show | sha256sum") == before
    finally:
        hosts.put_back(path, content)


def test_nothing_runs_with_a_signature_that_does_not_count(hosts):
    signature = (hosts.directory / "bundle.json.sig").read_bytes()
    hosts.put_back("bundle.json.sig", bytes(64))
    try:
        assert "is not the signature of bundle.json" in refused_play(hosts, "playbooks/hosts.yml", "--tags", "base")
        for command in (("lab", "hosts", "up"), ("hosts", "adopt")):
            done = hosts.place.yiyun(*command, "--hosts", HOST, code=2)
            assert "is not the signature of bundle.json" in done.stderr
    finally:
        hosts.put_back("bundle.json.sig", signature)


def test_a_host_is_hardened_from_the_bundle_alone(hosts):
    said = play(hosts.place, "--limit", HOST, timeout=40 * MINUTES)
    assert "failed=0" in said
    sources = hosts.place.on(HOST, "grep -rhv '^#' /etc/apt/sources.list /etc/apt/sources.list.d")
    assert sources.split() == ["deb", "[trusted=yes]", f"{SERVER}/packages/debian-12", "./"]
    in_bundle = {(file.name, file.version) for file in hosts.manifest.files if file.kind in {"package", "python"}}
    listed = hosts.place.on(
        HOST, "dpkg-query --show --showformat '${Package} ${Version}\\n' chrony nftables aide rsyslog"
    )
    assert {tuple(line.split()) for line in listed.splitlines()} <= in_bundle
    assert len(listed.splitlines()) == 4


def test_a_package_that_was_changed_is_not_installed(hosts):
    (path,) = [file.path for file in hosts.manifest.files if file.kind == "package" and file.name == "lynis"]
    content = (hosts.directory / path).read_bytes()
    hosts.put_back(path, content[:-1] + bytes([content[-1] ^ 1]))
    try:
        done = hosts.place.on(HOST, "sudo apt-get install --yes lynis 2>&1 || true")
        assert "Hash Sum mismatch" in done or "unexpected size" in done, done
        assert "installed" not in hosts.place.on(
            HOST, "dpkg-query --show --showformat '${db:Status-Status}' lynis || true"
        )
        done = hosts.place.yiyun("lab", "hosts", "up", "--hosts", HOST, code=2)
        assert f"{path}: has another content" in done.stderr
    finally:
        hosts.put_back(path, content)


def test_programs_and_images_of_a_node_come_from_the_bundle(hosts):
    from yiyun.lab.hosts import kubernetes

    assert kubernetes.serve(hosts.place.site, lambda _text: None) == f"{SERVER}/kubernetes"
    place = f"kubernetes/{kubernetes.VERSION}/amd64"
    for name, said in (("SHA256SUMS", "nothing is taken from there"), ("images.json", "nothing is taken from there")):
        content = (hosts.directory / place / name).read_bytes()
        hosts.put_back(f"{place}/{name}", content + b"\n")
        try:
            refused = refused_play(hosts, "playbooks/kubernetes.yml", "--tags", "prepare")
            assert f"{name} is not that of the bundle in YIYUN_BUNDLE: {said}" in " ".join(refused.split())
        finally:
            hosts.put_back(f"{place}/{name}", content)
    argv = [
        str(CHECKOUT / ".venv" / "bin" / "ansible-playbook"),
        "-i",
        str(hosts.place.directory),
        "playbooks/kubernetes.yml",
    ]
    done = subprocess.run(
        [*argv, "--tags", "prepare", "--limit", HOST],
        cwd=CHECKOUT,
        env=hosts.place.env
        | access.environment(hosts.place.site)
        | {"PATH": f"{CHECKOUT / '.venv' / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=20 * MINUTES,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    sums = {file.name: file.sha256 for file in hosts.manifest.files if file.path.startswith(place)}
    assert hosts.place.on(HOST, "sudo sha256sum /usr/local/bin/kubelet").split()[0] == sums["kubelet"]
    images = json.loads((hosts.directory / place / "images.json").read_bytes())
    pause = next(name for name in images if "/pause:" in name)
    row = hosts.place.on(HOST, "sudo ctr --namespace k8s.io images list")
    assert images[pause]["digest"] in next(line for line in row.splitlines() if line.startswith(pause))
