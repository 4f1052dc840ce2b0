"""Making bundles: what is gone on with, what is left alone, and that nothing strange is ever signed."""

import os
import signal
import subprocess
import sys
import time

import bundles
import pytest
from bundles import CONTENT, FINGERPRINT, KEY, made
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from yiyun.bundle import layout
from yiyun.bundle.making import by_design, create
from yiyun.bundle.making.pieces import Made
from yiyun.bundle.verify import verify
from yiyun.errors import UserError
from yiyun.lab.hosts import repository
from yiyun.paths import CHECKOUT
from yiyun.signing.seal import PARTIAL

DEB = "packages/debian-12/chrony_4.3-2_amd64.deb"


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "bundle"


def good(directory):
    found = verify(directory, {FINGERPRINT}, lambda _text: None)
    assert found.problems == ()
    return found.manifest


def stamps(directory):
    return {path: (directory / path).stat().st_mtime_ns for path in [*CONTENT, *layout.SEAL.own]}


def test_a_second_run_touches_nothing(directory):
    first = made(directory)
    assert first.written == len(CONTENT)
    before = stamps(directory)
    second = made(directory)
    assert second.written == 0
    assert stamps(directory) == before
    assert second.manifest == first.manifest == good(directory)


def test_programs_can_be_run_and_others_cannot(directory):
    made(directory)
    assert os.access(directory / "bin/amd64/kubectl", os.X_OK)
    assert (directory / DEB).stat().st_mode & 0o777 == 0o644


def test_what_was_damaged_is_brought_again(directory):
    made(directory)
    (directory / DEB).write_bytes(b"CHRONY")
    (directory / "bin/amd64/kubectl").unlink()
    assert made(directory).written == 2
    assert (directory / DEB).read_bytes() == b"chrony"
    good(directory)


def test_what_is_no_longer_wanted_goes(directory):
    made(directory)
    rest = {path: data for path, data in CONTENT.items() if path != DEB}
    assert made(directory, rest).removed == (DEB,)
    assert not (directory / DEB).exists()
    good(directory)


def test_what_is_no_longer_wanted_and_was_changed_is_not_deleted(directory):
    made(directory)
    (directory / DEB).write_bytes(b"somebody's")
    before = (directory / "bundle.json").read_bytes()
    with pytest.raises(UserError, match=r"neither made by yiyun nor in a place.*chrony"):
        made(directory, {path: data for path, data in CONTENT.items() if path != DEB})
    assert (directory / DEB).read_bytes() == b"somebody's"
    assert (directory / "bundle.json").read_bytes() == before


def test_another_key_signs_anew_and_deletes_nothing_of_the_first(directory):
    made(directory)
    other = Ed25519PrivateKey.generate()
    with pytest.raises(UserError, match="neither made by yiyun"):
        made(directory, {path: data for path, data in CONTENT.items() if path != DEB}, other)
    created = made(directory, key=other)
    assert created.fingerprint != FINGERPRINT
    assert verify(directory, {created.fingerprint}, lambda _text: None).problems == ()


@pytest.mark.parametrize("name", ["photos", ".bashrc", "bundle.json.old"])
def test_a_directory_of_something_else_is_refused_untouched(directory, name):
    directory.mkdir()
    (directory / name).write_bytes(b"mine")
    with pytest.raises(UserError, match="is no part of a bundle; name an empty directory"):
        made(directory)
    assert [path.name for path in directory.iterdir()] == [name]


def test_links_are_refused(directory, tmp_path):
    directory.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (directory / "wheels").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="a bundle holds plain files only"):
        made(directory)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_two_runs_do_not_meet(directory):
    directory.mkdir()
    with create._alone(directory), pytest.raises(UserError, match=r"another  [.]/yiyun bundle create  works on it"):
        made(directory)


def test_what_is_lacking_is_in_the_manifest(directory):
    lacks = Made()
    lacks.lack("wheel", "ruff", "no index\nanswered", arch="arm64")
    created = made(directory, lacks=lacks)
    (lacking,) = [missing for missing in good(directory).missing if not missing.by_design]
    assert (lacking.kind, lacking.name, lacking.arch, lacking.why) == ("wheel", "ruff", "arm64", "no index answered")
    assert created.manifest.missing[0] == lacking


def test_what_only_people_can_bring_is_named_until_they_do(directory, lab, monkeypatch):
    def promised(_site, profile, _report):
        return ["chrony", f"of-{profile.package_family}"]

    monkeypatch.setattr(repository, "wanted", promised)

    def made(directory):
        return bundles.made(directory, by_design=by_design.missing)

    def wanted():
        return {(m.kind, m.name, m.os_profile) for m in made(directory).manifest.missing if m.by_design}

    others = {host.os_profile for host in lab.hosts} - {"debian-12"}
    assert others
    system = sorted(others)[0]
    named = wanted()
    assert {name for kind, _, name in named if kind == "package"} == others
    assert {("package", "chrony", system), ("package", "of-rpm", system)} <= named
    assert any(kind == "image" and name.startswith("rook") for kind, name, _ in named)
    added = directory / "packages" / system
    (added / "repodata").mkdir(parents=True)
    (added / "chrony-4.3-1.ky10.x86_64.rpm").write_bytes(b"rpm")
    assert "repodata/repomd.xml" in [m.name for m in made(directory).manifest.missing if not m.by_design]
    (added / "repodata" / "repomd.xml").write_bytes(b"<repomd/>")
    created = made(directory)
    assert ("package", "chrony", system) not in wanted()
    assert created.news == (f"packages/{system}/repodata/repomd.xml",)
    file = good(directory).by_path()[f"packages/{system}/chrony-4.3-1.ky10.x86_64.rpm"]
    assert (file.name, file.version, file.arch, file.added) == ("chrony", "4.3-1.ky10", "amd64", True)


def test_a_file_in_no_place_is_never_signed(directory):
    made(directory)
    before = (directory / "bundle.json").read_bytes()
    (directory / "wheels" / "evil-1.0-py3-none-any.whl").write_bytes(b"x")
    with pytest.raises(UserError, match=r"evil-1\.0.*\n.*nothing was signed"):
        made(directory)
    assert (directory / "bundle.json").read_bytes() == before


SLOW = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from bundles import made
made(Path({directory!r}), {{f"wheels/{{n}}.whl": str(n).encode() * 400_000 for n in range(12)}})
"""


@pytest.mark.parametrize("after", [1, 11])
def test_a_killed_run_is_gone_on_with(directory, after):
    program = SLOW.format(tests=str(CHECKOUT / "tests"), directory=str(directory))
    process = subprocess.Popen([sys.executable, "-c", program])
    wheels = directory / "wheels"
    while process.poll() is None and (not wheels.is_dir() or len(list(wheels.glob("[0-9]*.whl"))) < after):
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (wheels / f"{PARTIAL}0.whl").write_bytes(b"half")
    kept = {path.name: path.stat().st_mtime_ns for path in wheels.glob("[0-9]*.whl")}
    assert kept
    content = {f"wheels/{n}.whl": str(n).encode() * 400_000 for n in range(12)}
    made(directory, content)
    assert {name: (wheels / name).stat().st_mtime_ns for name in kept} == kept
    assert len(good(directory).files) == 12


@pytest.mark.parametrize("name", layout.SEAL.own)
def test_a_run_killed_while_signing_leaves_nothing_that_counts(directory, name):
    made(directory)
    good(directory)
    (directory / name).unlink()
    with pytest.raises(UserError) if name == "bundle.json" else Refused():
        assert verify(directory, {FINGERPRINT}, lambda _text: None).problems == ()
    made(directory)
    good(directory)


class Refused:
    """A block whose assertion must fail."""

    def __enter__(self):
        return self

    def __exit__(self, kind, *_rest):
        assert kind is AssertionError
        return True


def test_the_key_is_the_one_that_was_given(directory):
    assert made(directory, key=KEY).fingerprint == FINGERPRINT
