"""Finding and building tools."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from yiyun import toolchain
from yiyun.errors import UserError
from yiyun.lab.hosts import kubernetes
from yiyun.paths import CHECKOUT
from yiyun.toolchain import builder, golang, recipe


@pytest.fixture(autouse=True)
def _fresh(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("YIYUN_BIN", raising=False)
    toolchain.find.cache_clear()
    toolchain._compatible_on_path.cache_clear()
    yield
    toolchain.find.cache_clear()
    toolchain._compatible_on_path.cache_clear()


def program(directory: Path, name: str, prints: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\necho '{prints}'\n")
    path.chmod(0o755)
    return path


def test_every_tool_has_one_recipe():
    assert {tool: recipe.recipe_of(tool).name for tool in toolchain.ALL}["etcd"] == "k8s"
    built = [(each.build.release, name) for each in recipe.recipes().values() for name in each.build.binaries]
    assert len(built) == len(set(built))
    assert {name for release, name in built if not release} == {*toolchain.ALL, *kubernetes.BUILT}
    assert recipe.recipe_of("kubelet", "v1.35.4").name == "kubernetes-1.35"
    with pytest.raises(KeyError, match=r"kwok v1\.35\.4"):
        recipe.recipe_of("kwok", "v1.35.4")


def test_pins_hash_follows_every_pin(tmp_path):
    original = recipe.recipe_of("kwok")
    copy = tmp_path / "kwok"
    copy.mkdir()
    for file in original.source.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    same = recipe.Recipe("kwok", copy, original.build)
    assert same.pins_hash == original.pins_hash
    for name in ("go.mod", "go.sum", "build.yaml", "tools.go"):
        before = same.pins_hash
        (copy / name).write_text((copy / name).read_text() + "\n")
        assert same.pins_hash != before, name


def test_order_is_given_then_path_then_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    assert toolchain.locate("kubectl") is None
    with pytest.raises(UserError, match="doctor --build"):
        toolchain.find("kubectl")
    program(recipe.recipe_of("kubectl").bin_dir, "kubectl", "Client Version: v1.34.1")
    assert toolchain.locate("kubectl").source == "cache"
    program(tmp_path / "path", "kubectl", "Client Version: v1.35.0")
    toolchain._compatible_on_path.cache_clear()
    assert toolchain.locate("kubectl").source == "PATH"
    monkeypatch.setenv("YIYUN_BIN", str(tmp_path / "given"))
    program(tmp_path / "given", "kubectl", "Client Version: v1.20.0")
    assert toolchain.locate("kubectl").source == "YIYUN_BIN"


@pytest.mark.parametrize("prints", ["Client Version: v1.32.4", "garbage", ""])
def test_an_incompatible_tool_on_path_is_not_taken(monkeypatch, tmp_path, prints):
    program(tmp_path / "path", "kubectl", prints)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    assert toolchain.locate("kubectl") is None


def test_go_is_never_given_the_users_caches():
    environment = golang.environment()
    assert all(
        environment[name].startswith(os.environ["XDG_CACHE_HOME"]) for name in ("GOPATH", "GOCACHE", "GOMODCACHE")
    )


def test_entry_script_names_what_is_missing(tmp_path):
    for name in ("sh", "dirname", "readlink", "cmp", "rm", "printf"):
        found = next(Path(d) / name for d in ("/bin", "/usr/bin") if (Path(d) / name).exists())
        (tmp_path / name).symlink_to(found)
    script = tmp_path / "checkout" / "yiyun"
    script.parent.mkdir()
    script.write_bytes((CHECKOUT / "yiyun").read_bytes())
    script.chmod(0o755)
    (script.parent / "requirements.lock").write_text("")
    done = subprocess.run([script], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "python3-venv" in done.stderr
    (tmp_path / "python3").symlink_to(sys.executable)
    done = subprocess.run([script], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "install the package git" in done.stderr


@pytest.mark.parametrize("before", ["nothing", "logs of an earlier pulumi", "a file already"])
def test_pulumi_finds_no_place_for_logs(tmp_path, before):
    logs = tmp_path / "home" / "logs"
    if before == "logs of an earlier pulumi":
        logs.mkdir(parents=True)
        (logs / "old.log").write_text("x")
    if before == "a file already":
        builder.keep_no_logs(tmp_path / "home")
    builder.keep_no_logs(tmp_path / "home")
    with pytest.raises(FileExistsError):
        logs.mkdir(parents=True)
