"""The parts of a bundle: how files are named in the manifest, and what people's images become."""

import hashlib
import http.server
import json
import subprocess
import threading
import urllib.request
from functools import partial
from pathlib import Path

import pytest
from bundles import made

from yiyun.bundle.making import debian, nodes, wheels
from yiyun.bundle.making.pieces import Wish
from yiyun.errors import UserError
from yiyun.lab.hosts import kubernetes, oci
from yiyun.lab.hosts.command import run


@pytest.mark.parametrize(
    ("name", "version", "arch"),
    [
        ("chrony_4.3-2+deb12u1_amd64.deb", "4.3-2+deb12u1", "amd64"),
        ("libc6_2.36-9_arm64.deb", "2.36-9", "arm64"),
        ("openssl_1%3a3.0-1_amd64.deb", "1:3.0-1", "amd64"),
        ("tzdata_2025b-0_all.deb", "2025b-0", None),
    ],
)
def test_debian_packages_are_named_by_their_files(name, version, arch):
    piece = debian._piece(f"packages/debian-12/{name}", Path(name), "package")
    assert (piece.name, piece.version, piece.arch) == (name.partition("_")[0], version, arch)
    assert piece.os_profile == "debian-12"
    with pytest.raises(UserError, match="not named as Debian names packages"):
        debian._piece("x", Path("chrony.deb"), "package")


@pytest.mark.parametrize(
    ("name", "arch"),
    [
        ("typer-0.20.0-py3-none-any.whl", None),
        ("grpcio-1.66-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "amd64"),
        ("gevent-25.9-1-cp313-cp313-manylinux_2_28_aarch64.whl", "arm64"),
    ],
)
def test_wheels_are_named_by_their_files(name, arch):
    piece = wheels._piece(Path("/somewhere") / name)
    assert (piece.path, piece.name, piece.arch) == (f"wheels/{name}", name.partition("-")[0], arch)


# --- images -----------------------------------------------------------------------------------------------------------

IMAGE = "registry.lab.example/kubevirt/virt-api:v1.7.0"


@pytest.fixture
def node(tmp_path, monkeypatch):
    """What the host lab would make: five programs and one image."""
    directory = tmp_path / "node"
    (directory / "images").mkdir(parents=True)
    for name in kubernetes.PROGRAMS:
        (directory / name).write_text(name)
    (directory / "images" / "pause_3.tar").write_bytes(b"pause")
    entry = {"file": "images/pause_3.tar", "sha256": hashlib.sha256(b"pause").hexdigest(), "digest": "sha256:1"}
    (directory / "images.json").write_text(json.dumps({"registry.lab.example/kubernetes/pause:3": entry}))
    monkeypatch.setattr(nodes.kubernetes, "ensure", lambda _site, _arch, _report: directory)
    return directory


def archive(bundle: Path, name: str = IMAGE, file: str = "virt-api.tar") -> str:
    place = bundle / "kubernetes/images/amd64" / file
    place.parent.mkdir(parents=True, exist_ok=True)
    return oci.write(oci.Image(name, "amd64", directories=("/tmp",)), place)  # noqa: S108


def test_an_image_of_peoples_stands_in_the_list_of_images(tmp_path, node, lab):
    bundle = tmp_path / "bundle"
    digest = archive(bundle)
    result = nodes.make(Wish(lab, ("amd64",), bundle), lambda _text: None)
    assert result.missing == []
    made(
        bundle,
        {piece.path: piece.source for piece in result.pieces if not piece.added},
        extra=[p for p in result.pieces if p.added],
    )
    place = bundle / "kubernetes" / kubernetes.VERSION / "amd64"
    listed = json.loads((place / "images.json").read_text())
    assert set(listed) == {"registry.lab.example/kubernetes/pause:3", IMAGE}
    assert listed[IMAGE]["digest"] == digest
    content = (bundle / "kubernetes/images/amd64/virt-api.tar").read_bytes()
    assert listed[IMAGE]["sha256"] == hashlib.sha256(content).hexdigest()
    sums = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=place, capture_output=True, text=True)
    assert sums.returncode == 0, sums.stderr
    assert len(sums.stdout.splitlines()) == len(kubernetes.PROGRAMS) + 1
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(bundle))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/kubernetes/{kubernetes.VERSION}/amd64"
        with urllib.request.urlopen(f"{address}/{listed[IMAGE]['file']}") as answer:  # noqa: S310
            assert answer.read() == content
        server.shutdown()


@pytest.mark.parametrize(
    "write",
    [
        lambda bundle: (bundle / "kubernetes/images/amd64/virt-api.tar").write_bytes(b"no tar"),
        lambda bundle: archive(bundle, "nameless"),
        lambda bundle: run(["tar", "-cf", str(bundle / "kubernetes/images/amd64/virt-api.tar"), "/dev/null"]),
    ],
)
def test_what_is_no_image_is_lacking_by_its_name(tmp_path, node, lab, write):
    bundle = tmp_path / "bundle"
    (bundle / "kubernetes/images/amd64").mkdir(parents=True)
    write(bundle)
    result = nodes.make(Wish(lab, ("amd64",), bundle), lambda _text: None)
    (missing,) = result.missing
    assert missing.name == "kubernetes/images/amd64/virt-api.tar"
    assert "skopeo copy" in missing.why
    assert not any(piece.added for piece in result.pieces)
