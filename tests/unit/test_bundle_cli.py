"""`./yiyun bundle`: exit codes and what it says."""

import json
import sys

import pytest
from bundles import FINGERPRINT, made

from yiyun import bundle
from yiyun.bundle.layout import SEAL
from yiyun.bundle.making import by_design, create
from yiyun.bundle.making.pieces import Made, Piece
from yiyun.cli import main
from yiyun.signing import keys


@pytest.fixture
def yiyun(tmp_path, monkeypatch, capsys):
    """Run the command in this process; returns exit code, stdout, stderr."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv(SEAL.variable, raising=False)
    monkeypatch.setattr(by_design, "missing", lambda _wish, _pieces: [])

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["yiyun", "bundle", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        seen = capsys.readouterr()
        return ended.value.code, seen.out, seen.err

    return run


def brings(monkeypatch, *lacks):
    def part(_wish, _report):
        result = Made([Piece("wheels/a-1-py3-none-any.whl", b"a", "wheel", "a", "1")])
        for name in lacks:
            result.lack("wheel", name, "no index answered", arch="amd64")
        return result

    monkeypatch.setattr(create, "PARTS", {"wheels": part})


def test_create_verify_list(yiyun, tmp_path, monkeypatch):
    brings(monkeypatch)
    directory = tmp_path / "bundle"
    code, out, err = yiyun("create", directory, "--site", "lab", "--arch", "amd64")
    assert code == 0, err
    fingerprint = keys.fingerprint(SEAL.ensure_own().public_key())
    assert f"1 files written; signed by {fingerprint}" in out
    assert "1 wheel (0 MiB)" in out
    assert not list(directory.rglob("*.pem"))
    code, out, _ = yiyun("verify", directory)
    assert code == 0
    assert out.startswith("good: 1 files")
    code, out, _ = yiyun("list", directory, "--format", "json")
    assert code == 0
    assert [file["path"] for file in json.loads(out)["files"]] == ["wheels/a-1-py3-none-any.whl"]
    code, out, _ = yiyun("list", directory)
    assert code == 0
    assert "wheels/a-1-py3-none-any.whl" in out


def test_what_is_missing_is_named_and_fails(yiyun, tmp_path, monkeypatch):
    brings(monkeypatch, "ruff", "mypy")
    code, out, err = yiyun("create", tmp_path / "bundle", "--site", "lab", "--arch", "amd64")
    assert code == 1
    for name in ("ruff", "mypy"):
        assert f"MISSING wheel {name} amd64: no index answered" in err
    assert "signed by" in out
    brings(monkeypatch)
    assert yiyun("create", tmp_path / "bundle", "--site", "lab", "--arch", "amd64")[0] == 0


def test_a_bundle_that_is_being_made_is_no_source(yiyun, tmp_path, monkeypatch):
    brings(monkeypatch)
    directory = tmp_path / "bundle"
    assert yiyun("create", directory, "--site", "lab", "--arch", "amd64")[0] == 0
    (directory / "bundle.json.sig").write_bytes(b"")
    monkeypatch.setenv("YIYUN_BUNDLE", str(directory))
    monkeypatch.setitem(create.PARTS, "opens it", lambda _wish, _report: bundle.opened() or Made())
    assert yiyun("create", directory, "--site", "lab", "--arch", "amd64")[0] == 0
    monkeypatch.delenv("YIYUN_BUNDLE", raising=False)
    assert yiyun("verify", directory)[0] == 0


def test_every_problem_is_a_line(yiyun, tmp_path):
    directory = tmp_path / "bundle"
    made(directory)
    (directory / "extra").touch()
    (directory / "bin/amd64/kubectl").unlink()
    code, out, _ = yiyun("verify", directory, "--key", directory / "bundle.pub")
    assert code == 1
    assert out.splitlines() == ["bin/amd64/kubectl: missing", "extra: is not in the manifest", "REFUSED: 2 problems"]


def test_a_bundle_of_nobody_known_is_not_good(yiyun, tmp_path):
    made(tmp_path / "bundle")
    code, _, err = yiyun("verify", tmp_path / "bundle")
    assert code == 2
    assert "no key is trusted on this machine" in err
    assert FINGERPRINT not in err, "the bundle must not tell whom to trust"
    code, out, _ = yiyun("verify", tmp_path / "bundle", "--key", f"sha256:{'0' * 64}")
    assert code == 1
    assert "is not trusted" in out
    assert yiyun("verify", tmp_path / "bundle", "--key", FINGERPRINT)[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "{}/none", "--key", f"sha256:{'0' * 64}"),
        ("verify", "{}", "--key", "sha256:0"),
        ("verify", "{}", "--key", "{}/none"),
        ("list", "{}"),
        ("list", "{}/file"),
        ("create", "{}/file", "--site", "lab"),
        ("create", "{}/new", "--site", "nowhere"),
        ("create", "{}/new", "--site", "lab", "--arch", "riscv64"),
        ("create", "{}/new", "--site", "lab", "--key", "{}/none"),
        ("create", "{}", "--site", "lab", "--key", "{}/file"),
        ("create", "{}", "--site", "lab"),
    ],
)
def test_bad_input_is_named(yiyun, tmp_path, monkeypatch, arguments):
    brings(monkeypatch)
    place = tmp_path / "place"
    place.mkdir()
    (place / "file").write_text("mine")
    code, out, err = yiyun(*(argument.format(place) for argument in arguments))
    assert code == 2
    assert err.strip()
    assert "Traceback" not in out + err
    assert sorted(path.name for path in place.iterdir()) == ["file"]
