"""One `YIYUN_BUNDLE` serves every reader: tools, definitions, Python for hosts, the entry script, the plays."""

import os

import pytest
from bundles import CONTENT, made, use

from yiyun import bundle, files, toolchain
from yiyun.bundle.making import definitions
from yiyun.bundle.making.pieces import Wish
from yiyun.crds import model, sources
from yiyun.crds.sources import Sources
from yiyun.errors import UserError
from yiyun.operations.hosts import python_bundle
from yiyun.toolchain.recipe import MACHINES, recipe_of


def with_tools(directory):
    arch = MACHINES[os.uname().machine]
    tools = {
        f"bin/{arch}/kubectl": b"#!/bin/sh\necho Client Version: v1.34.1\n",
        f"bin/{arch}/pulumi-language-python-exec": b"x",
    }
    made(directory, tools)
    return directory / f"bin/{arch}/kubectl"


def test_tools_come_from_the_bundle(clean, monkeypatch):
    with_tools(clean)
    use(monkeypatch, clean)
    found = toolchain.locate("kubectl")
    assert (found.source, found.version) == ("bundle", "1.34.1")
    assert found.path.is_relative_to(clean.parent / "cache")
    assert (found.path.parent / "pulumi-language-python-exec").exists()
    assert toolchain.locate("kwok") is None


def test_a_tampered_tool_is_never_run(clean, monkeypatch):
    with_tools(clean).write_bytes(b"#!/bin/sh\ntouch /tmp/never # v1.34.1\n")
    use(monkeypatch, clean)
    with pytest.raises(UserError, match=r"(?s)the bundle is damaged.*kubectl"):
        toolchain.locate("kubectl")
    assert not (clean.parent / "cache").exists()


def test_recipes_are_built_for_another_architecture_elsewhere():
    own = recipe_of("kubelet")
    other = "arm64" if MACHINES[os.uname().machine] == "amd64" else "amd64"
    assert own.built_for(MACHINES[os.uname().machine]) == own
    assert own.built_for(other).bin_dir.parent.name == f"{own.bin_dir.parent.name}-{other}"


def test_definitions_of_the_lock_go_through_a_bundle(clean, crd_bundle, tmp_path, monkeypatch, lab):
    monkeypatch.setenv("YIYUN_BUNDLE", str(crd_bundle))
    result = definitions.make(Wish(lab, ("amd64",), clean), lambda _text: None)
    again = definitions.make(Wish(lab, ("amd64",), clean), lambda _text: None)
    assert [piece.source for piece in result.pieces] == [piece.source for piece in again.pieces]
    assert result.missing == []
    made(clean, {piece.path: piece.source for piece in result.pieces})
    use(monkeypatch, clean)
    assert sources.bundle_dir() == clean.resolve() / "crds"
    source = Sources(sources.bundle_dir(), tmp_path / "none", lambda _text: None, network=False)
    lock = model.read()
    assert set(source.find(lock.projects)) == {kind.name for kind in lock.kinds}
    assert source.missing == {}


def test_definitions_that_nobody_has_are_named_with_the_reason(clean, monkeypatch, lab, tmp_path):
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("YIYUN_BUNDLE", str(tmp_path / "empty"))
    monkeypatch.setattr(definitions, "Sources", lambda *args: Sources(*args, network=False))
    result = definitions.make(Wish(lab, ("amd64",), clean), lambda _text: None)
    assert {missing.name for missing in result.missing} == {kind.name for kind in model.read().kinds}
    assert {(missing.why, missing.by_design) for missing in result.missing} == {("no bundle holds it", False)}


def test_a_directory_without_a_manifest_gives_definitions_only(clean, monkeypatch, lab):
    (clean / "python/debian-12/amd64").mkdir(parents=True)
    (clean / "python/debian-12/amd64/python3.deb").write_bytes(b"x")
    monkeypatch.setenv("YIYUN_BUNDLE", str(clean))
    assert bundle.opened() is None
    assert sources.bundle_dir() == clean
    with pytest.raises(UserError, match=r"no signed bundle\.json: run  [.]/yiyun bundle create"):
        python_bundle.find(lab, "debian-12", "amd64")
    assert python_bundle.find(lab, "kylin-v10-sp3", "amd64") is None


def test_python_for_hosts_comes_from_the_bundle(clean, monkeypatch, lab):
    made(clean)
    use(monkeypatch, clean)
    assert python_bundle.find(lab, "debian-12", "amd64") == clean.resolve() / "python/debian-12/amd64"
    assert python_bundle.find(lab, "kylin-v10-sp3", "amd64") is None
    next((clean / "python/debian-12/amd64").iterdir()).write_bytes(b"PYTHON")
    with pytest.raises(UserError, match="the bundle is damaged"):
        python_bundle.find(lab, "debian-12", "amd64")


def test_a_link_replaces_what_was_there(tmp_path):
    place = tmp_path / "served" / "kubernetes"
    (place / "v1").mkdir(parents=True)
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "kept").touch()
    for target in (tmp_path / "bundle", tmp_path):
        files.link(target, place)
        assert place.readlink() == target
    assert (tmp_path / "bundle" / "kept").exists()


def test_the_layout_of_the_tests_is_that_of_the_readers():
    assert {path.partition("/")[0] for path in CONTENT} == set(bundle.layout.TOP)
