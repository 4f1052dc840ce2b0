"""Image archives: complete, consistent in their digests, the same bytes for the same content."""

import hashlib
import json
import tarfile

import pytest

from yiyun.lab.hosts import oci
from yiyun.lab.hosts.oci import Image


@pytest.fixture
def image(tmp_path):
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF program")
    program.chmod(0o755)
    tree = tmp_path / "tree"
    (tree / "usr/lib").mkdir(parents=True)
    (tree / "usr/lib/lib.so.1").write_text("library")
    (tree / "usr/lib/lib.so").symlink_to("lib.so.1")
    (tree / "lib").symlink_to("usr/lib")
    return Image(
        "registry.example/kubernetes/thing:v1",
        "arm64",
        {"/bin/thing": program},
        tree,
        ("/tmp",),  # noqa: S108  # in the image
        ("/bin/thing",),
        "1:1",
    )


def blobs(archive):
    with tarfile.open(archive) as tar:
        content = {entry.name: tar.extractfile(entry).read() for entry in tar if entry.isfile()}
    for name, data in content.items():
        if name.startswith("blobs/"):
            assert name.rpartition("/")[2] == hashlib.sha256(data).hexdigest()
    return content


def blob(content, descriptor):
    data = content["blobs/sha256/" + descriptor["digest"].removeprefix("sha256:")]
    assert len(data) == descriptor["size"]
    return data


def test_an_archive_leads_from_its_index_to_its_layer(image, tmp_path):
    digest = oci.write(image, tmp_path / "image.tar")
    content = blobs(tmp_path / "image.tar")
    assert json.loads(content["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    [described] = json.loads(content["index.json"])["manifests"]
    assert described["digest"] == digest
    assert described["platform"] == {"architecture": "arm64", "os": "linux"}
    assert described["annotations"]["io.containerd.image.name"] == image.name
    manifest = json.loads(blob(content, described))
    config = json.loads(blob(content, manifest["config"]))
    assert config["architecture"] == "arm64"
    assert config["config"]["Entrypoint"] == ["/bin/thing"]
    assert config["config"]["User"] == "1:1"
    [layer] = manifest["layers"]
    assert config["rootfs"]["diff_ids"] == [layer["digest"]]
    (tmp_path / "layer.tar").write_bytes(blob(content, layer))
    with tarfile.open(tmp_path / "layer.tar") as tar:
        entries = {entry.name: entry for entry in tar}
    assert entries["bin/thing"].mode == 0o755
    assert (entries["bin/thing"].uid, entries["bin/thing"].mtime) == (0, 0)
    assert entries["tmp"].mode == 0o1777
    assert entries["usr/lib/lib.so"].linkname == "lib.so.1"
    assert entries["lib"].linkname == "usr/lib"
    assert len(entries) == len({name.rstrip("/") for name in entries})


def test_the_same_content_gives_the_same_bytes(image, tmp_path):
    oci.write(image, tmp_path / "one.tar")
    image.files["/bin/thing"].touch()
    oci.write(image, tmp_path / "two.tar")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.tar", "program", "tree", "two.tar"]


def test_a_file_takes_the_place_of_the_trees(image, tmp_path):
    (image.tree / "bin").mkdir()
    (image.tree / "bin/thing").write_text("old")
    oci.write(image, tmp_path / "image.tar")
    content = blobs(tmp_path / "image.tar")
    layer = max((data for name, data in content.items() if name.startswith("blobs/")), key=len)
    assert layer.count(b"\x7fELF program") == 1
    assert b"old" not in layer
