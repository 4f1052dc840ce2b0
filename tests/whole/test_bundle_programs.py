"""Parts of bundles that other programs make or read: pip, builders of tools, ansible."""

import json
import os
import subprocess
from pathlib import Path

import yaml
from bundles import FINGERPRINT, made, use

from yiyun.bundle.making import binaries, wheels
from yiyun.bundle.making.pieces import Wish
from yiyun.errors import UserError
from yiyun.lab.hosts.tools import native_arch
from yiyun.paths import CHECKOUT
from yiyun.toolchain import ALL
from yiyun.toolchain.recipe import recipe_of


def test_wheels_that_no_index_gives_are_named_with_pips_words(tmp_path, monkeypatch, lab):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/none")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setattr(wheels, "PYTHONS", ("3.11",))
    result = wheels.make(Wish(lab, ("amd64",), tmp_path / "bundle"), lambda _text: None)
    assert result.pieces == []
    (missing,) = result.missing
    assert missing.name == "requirements.lock for Python 3.11"
    assert "No matching distribution" in missing.why
    assert list((tmp_path / "yiyun" / "wheels").iterdir()) == []


def test_given_tools_are_taken_and_others_of_this_machine_never(tmp_path, monkeypatch, lab):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    given = tmp_path / "bin"
    given.mkdir()
    scripts = [Path(file).name for file in recipe_of("pulumi-language-python").build.scripts.files]
    for name in (*ALL, *scripts[1:]):
        (given / name).write_text(f"#!/bin/sh\necho {name} v1.2.3\n")
        (given / name).chmod(0o755)
    monkeypatch.setenv("YIYUN_BIN", str(given))
    result = binaries.make(Wish(lab, (native_arch(),), tmp_path / "bundle"), lambda _text: None)
    assert {piece.source for piece in result.pieces} == {given / name for name in (*ALL, *scripts[1:])}
    assert [missing.name for missing in result.missing] == scripts[:1]

    def refuse(recipe, _report):
        raise UserError(f"cannot build {recipe.name}")

    monkeypatch.setattr(binaries.builder, "build", refuse)
    monkeypatch.setenv("PATH", str(given))
    monkeypatch.delenv("YIYUN_BIN")
    result = binaries.make(Wish(lab, ("amd64", "arm64"), tmp_path / "bundle"), lambda _text: None)
    assert result.pieces == []
    assert {(missing.name, missing.arch) for missing in result.missing} == {
        (n, a) for n in ALL for a in ("amd64", "arm64")
    }
    assert {"cannot build k8s"} <= {missing.why for missing in result.missing}


def seen_by_ansible(tmp_path, variable):
    """Value of a variable of one host of the lab, or what Ansible says instead."""
    bin_directory = CHECKOUT / ".venv" / "bin"
    environment = {**os.environ, "PATH": f"{bin_directory}:/usr/bin:/bin", "ANSIBLE_HOME": str(tmp_path / "ansible")}
    command = ["ansible", "--inventory", "inventories/lab", "--playbook-dir", "playbooks", "lab-az1-01"]
    command += ["--module-name", "debug", "--args", f"var={variable}"]
    done = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_plays_know_the_lists_of_a_good_bundle_and_stop_at_a_bad_one(clean, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{CHECKOUT / '.venv' / 'bin'}:/usr/bin:/bin")
    made(clean)
    use(monkeypatch, clean)
    listed = json.loads((clean / "bundle.json").read_bytes())["files"]
    sums = {file["path"]: file["sha256"] for file in listed if file["kind"] == "index"}
    assert set(sums) == {"kubernetes/v1.34.1/amd64/SHA256SUMS", "packages/debian-12/Packages"}
    code, said = seen_by_ansible(tmp_path, "yiyun_bundle")
    assert code == 0, said
    assert yaml.safe_load(said.partition("=>")[2])["yiyun_bundle"] == sums
    use(monkeypatch, clean, FINGERPRINT[:-1] + ("0" if FINGERPRINT[-1] != "0" else "1"))
    code, said = seen_by_ansible(tmp_path, "yiyun_bundle")
    assert code != 0
    assert "is not trusted" in said
