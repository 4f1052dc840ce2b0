"""What an audit keeps: every report, all of it signed, and evidence that was altered later is named and not judged."""

import hashlib
import io
import json
import shutil
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from openpyxl import load_workbook
from rule_cases import PACK, lab

from yiyun.cli import main
from yiyun.compliance.audit_reports import FILES
from yiyun.compliance.model import State
from yiyun.evidence import sealed
from yiyun.operations.audit import Parts, audit_evidence, audit_site
from yiyun.paths import CHECKOUT

HOST = "debian-12-hardened"
RECORDED = CHECKOUT / "tests" / "recorded" / "hosts"


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv(sealed.SEAL.variable, raising=False)


@pytest.fixture
def kept(tmp_path) -> Path:
    """Signed evidence of two hosts."""
    directory = tmp_path / "audit"
    for name in (HOST, "debian-12-untouched"):
        shutil.copytree(RECORDED / name, directory / "hosts" / name)
    sealed.seal(directory, "lab", "2026-11-28T04:00:00+00:00", sealed.SEAL.ensure_own())
    return directory


@pytest.fixture
def yiyun(capfdbinary, monkeypatch):
    def run(*arguments: object) -> tuple[int, bytes, str]:
        monkeypatch.setattr(sys, "argv", ["yiyun", "audit", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        said = capfdbinary.readouterr()
        return int(ended.value.code or 0), said.out, said.err.decode()

    return run


def judged(directory: Path) -> tuple[dict[tuple[str, str], State], str]:
    result = audit_evidence(directory, PACK).result
    return {(v.resource.host, v.rule): v.state for v in result.verdicts if v.resource.host}, "\n".join(result.notes)


def test_out_keeps_every_report_and_signs_all(tmp_path):
    out = tmp_path / "audit"
    found = audit_site(lab(), PACK, Parts(None, cluster=False, stacks=False), lambda _: None, out)
    verification = sealed.verify(out, sealed.SEAL.trusted())
    assert verification.problems == ()
    assert {file.path for file in verification.manifest.files} >= {*FILES.values(), "clauses.json", "site/site.yaml"}
    assert (verification.manifest.site, verification.manifest.taken) == (lab().name, found.taken)
    schema = json.loads((CHECKOUT / "docs" / "schemas" / "findings.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(json.loads((out / "findings.json").read_bytes()))
    assert len(load_workbook(io.BytesIO((out / "report.xlsx").read_bytes())).sheetnames) > len(found.catalogue.domains)
    assert "assessment-results" in json.loads((out / "report.oscal.json").read_bytes())


def test_evidence_as_it_was_signed_is_believed(kept):
    states, notes = judged(kept)
    assert states[HOST, "sshd_root_login"] is State.PASS
    assert str(kept) not in notes


def test_an_output_and_its_hash_changed_together_are_named_and_not_judged(kept):
    """Whoever alters evidence can mend the hash beside it, but not the signature."""
    about = kept / "hosts" / HOST / "host.json"
    output = about.with_name("sshd.txt")
    output.write_bytes(output.read_bytes() + b"\n")
    content = json.loads(about.read_bytes())
    content["sections"]["sshd"]["sha256"] = hashlib.sha256(output.read_bytes()).hexdigest()
    about.write_text(json.dumps(content))
    states, notes = judged(kept)
    assert {state for (host, _), state in states.items() if host == HOST} == {State.NOT_EVALUATED}
    assert any(state is State.FAIL for (host, _), state in states.items() if host != HOST)
    for name in ("host.json", "sshd.txt"):
        assert f"hosts/{HOST}/{name}: has" in notes


def test_a_host_that_was_taken_away_is_named_and_not_evaluated(kept):
    shutil.rmtree(kept / "hosts" / HOST)
    states, notes = judged(kept)
    assert {state for (host, _), state in states.items() if host == HOST} == {State.NOT_EVALUATED}
    assert f"hosts/{HOST}/host.json: missing" in notes


def test_a_host_that_was_added_is_not_judged(kept):
    shutil.copytree(RECORDED / "debian-12-auditing", kept / "hosts" / "debian-12-auditing")
    states, notes = judged(kept)
    assert {state for (host, _), state in states.items() if host == "debian-12-auditing"} == {State.NOT_EVALUATED}
    assert "hosts/debian-12-auditing/host.json: is not in the manifest" in notes


def test_a_record_in_the_directory_of_another_host_is_refused(kept, yiyun):
    shutil.copytree(kept / "hosts" / HOST, kept / "hosts" / "other")
    code, _, err = yiyun("--evidence", kept)
    assert code == 2
    assert "other/host.json:1: is the record of 'debian-12-hardened'" in err


def test_nothing_is_believed_when_the_list_was_changed(kept):
    manifest = kept / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"lab"', b'"lob"'))
    states, notes = judged(kept)
    assert set(states.values()) == {State.NOT_EVALUATED}
    assert "manifest.json.sig: is not the signature" in notes


def test_an_altered_description_of_the_site_is_not_used(tmp_path):
    out = tmp_path / "audit"
    audit_site(lab(), PACK, Parts(None, cluster=False, stacks=False), lambda _: None, out)
    shutil.copytree(RECORDED / HOST, out / "hosts" / HOST)
    sealed.seal(out, "lab", "2026-11-28T04:00:00+00:00", sealed.SEAL.ensure_own())
    assert audit_evidence(out, PACK).site == "lab"
    description = out / "site" / "site.yaml"
    description.write_text(f"{description.read_text()}# changed\n")
    found = audit_evidence(out, PACK)
    assert found.site == ""
    assert any("site/site.yaml: has" in note for note in found.result.notes)


def test_unsigned_and_strangers_evidence_is_judged_and_said_to_be_so(kept, monkeypatch):
    before, _ = judged(kept)
    monkeypatch.setenv(sealed.SEAL.variable, f"sha256:{'0' * 64}")
    states, notes = judged(kept)
    assert states == before
    assert "which is not trusted here" in notes
    for name in sealed.SEAL.own:
        (kept / name).unlink()
    states, notes = judged(kept)
    assert states == before
    assert "nobody vouches for this evidence" in notes


def test_verify_says_what_it_found(kept, yiyun, tmp_path):
    code, out, _ = yiyun("--verify", kept)
    assert code == 0
    assert out.startswith(b"unaltered: ")
    (kept / "hosts" / HOST / "sshd.txt").write_bytes(b"")
    (kept / "more").write_bytes(b"")
    code, out, _ = yiyun("--verify", kept)
    assert code == 1
    assert f"hosts/{HOST}/sshd.txt: has 0 bytes" in out.decode()
    assert b"more: is not in the manifest" in out
    assert b"2 problems" in out
    for directory in (tmp_path, tmp_path / "none"):
        assert yiyun("--verify", directory)[0] == 2
    assert yiyun("--verify", kept, "--site", "lab")[0] == 2


def test_verify_refuses_the_signature_of_a_stranger(kept, yiyun, monkeypatch):
    monkeypatch.setenv(sealed.SEAL.variable, f"sha256:{'0' * 64}")
    code, out, _ = yiyun("--verify", kept)
    assert code == 1
    assert b"manifest.pub: signed by sha256:" in out


@pytest.mark.parametrize(
    ("form", "beginning"), [("html", b"<!doctype html>"), ("oscal", b'{"assessment-results"'), ("json", b'{"schema"')]
)
def test_a_report_goes_to_stdout(kept, yiyun, form, beginning):
    code, out, err = yiyun("--evidence", kept, "--format", form)
    assert code == 1, err
    assert out.startswith(beginning)


def test_a_workbook_goes_to_stdout(kept, yiyun):
    _, out, _ = yiyun("--evidence", kept, "--format", "xlsx")
    assert load_workbook(io.BytesIO(out)).sheetnames[0] == "总览"
