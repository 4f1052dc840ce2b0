"""Attestations: what counts, what counts as none and why, and what `./yiyun attest` writes."""

import hashlib
import json
import os
import shutil
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiyun.compliance.attest import write_attestation
from yiyun.compliance.attestations import attestation_schema, held, read_attestations
from yiyun.compliance.catalogue import Catalogue, load_catalogue
from yiyun.errors import SiteError, UserError
from yiyun.paths import CHECKOUT
from yiyun.site.document import data, read

TODAY = date(2026, 11, 28)
FIELDS = {"inspector": "Huadong Fire Safety", "inspected_on": "2026-09-14", "result": "no findings"}
SCHEMA = CHECKOUT / "docs/schemas/attestation.json"


@cache
def catalogue() -> Catalogue:
    return load_catalogue(CHECKOUT / "policies/mlps3")


@pytest.fixture
def site(tmp_path):
    (tmp_path / "fire.pdf").write_bytes(b"report of the inspection")
    return tmp_path


def write(site: Path, today: date = TODAY, **changes):
    given = {
        "document": "fire_inspection",
        "clauses": ["8.1.1.5-a"],
        "who": "Li Wei, facilities",
        "evidence": site / "fire.pdf",
        "fields": FIELDS,
        **changes,
    }
    return write_attestation(site, catalogue(), today, **given)


def claims(site: Path, today: date = TODAY):
    return read_attestations(site, catalogue(), today)


def test_what_is_written_counts(site):
    file, made, new = write(site)
    assert new
    assert file.parent == site / "attestations"
    assert made.until == date(2027, 9, 14), "365 days from the inspection, not from the attestation"
    digest = hashlib.sha256(b"report of the inspection").hexdigest()
    assert data(read(file))["evidence"] == {"path": "fire.pdf", "sha256": digest}
    (claim,) = claims(site)
    assert (claim.clause, claim.flaw, claim.until, claim.note) == ("8.1.1.5-a", None, date(2027, 9, 14), "")
    assert held([claim]) == {"8.1.1.5-a": claim}


def test_the_same_again_changes_nothing_and_another_is_refused(site):
    file, _, _ = write(site)
    before = file.stat().st_mtime_ns, file.read_text()
    assert write(site)[2] is False
    with pytest.raises(UserError, match="exists and says something else"):
        write(site, who="Zhang Min")
    assert (file.stat().st_mtime_ns, file.read_text()) == before
    assert list(file.parent.iterdir()) == [file]


def test_the_freshness_of_an_undated_document_counts_from_its_attestation(site):
    fields = {"room": "az1", "floor": "2", "conclusion": "fit"}
    _, made, _ = write(site, document="facility_acceptance", clauses=["8.1.1.1-a", "8.1.1.1-b"], fields=fields)
    assert made.until == TODAY + timedelta(days=365)
    assert {claim.clause for claim in claims(site, made.until)} == set(held(claims(site, made.until)))
    assert held(claims(site, made.until + timedelta(days=1))) == {}


def test_an_evidence_outside_of_the_site_is_named_by_its_whole_path(site, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "fire.pdf"
    elsewhere.write_text("x")
    _, made, _ = write(site, evidence=elsewhere)
    assert made.evidence.path == str(elsewhere)
    assert held(claims(site))


def test_of_several_the_one_that_holds_longest_is_kept(site):
    write(site, until=date(2026, 12, 24))
    (site / "other.pdf").write_text("another")
    write(site, evidence=site / "other.pdf")
    assert len(claims(site)) == 2
    assert held(claims(site))["8.1.1.5-a"].until == date(2027, 9, 14)
    (site / "other.pdf").unlink()
    assert held(claims(site))["8.1.1.5-a"].until == date(2026, 12, 24)


@pytest.mark.parametrize(
    ("old", "new", "line", "flaw"),
    [
        ("who: Li Wei, facilities", "who: ''", 5, "has no who"),
        ("result: no findings", "result: '  '", 8, "does not state result"),
        ("  result: no findings\n", "", 8, "does not state result"),
        ("result: no findings", "result: none\n  colour: red", 12, "states colour, but fire_inspection has"),
        ("inspected_on: '2026-09-14'", "inspected_on: '14 September'", 10, "no date such as"),
        ("inspected_on: '2026-09-14'", "inspected_on: '2026-11-29'", 10, "lies after the attestation"),
        ("inspected_on: '2026-09-14'", "inspected_on: '9999-12-31'", 10, "lies after the attestation"),
        ("inspected_on: '2026-09-14'", "inspected_on: '2025-11-27'", 10, "is too old: fire_inspection is good for 365"),
        ("when: 2026-11-28", "when: 2026-11-29", 6, "lies in the future"),
        ("until: 2027-09-14", "until: 2026-11-27", 7, "before it begins"),
        ("- 8.1.1.5-a", "- 8.1.1.5-b", 4, "which wants fire_design"),
        ("- 8.1.1.5-a", "- 8.1.1.55-a", 4, "did you mean 8.1.1.5-a?"),
        ("- 8.1.1.5-a", "- 8.1.4.1-a", 4, "which rules judge alone"),
        ("document: fire_inspection", "document: fire_inspektion", 2, "did you mean fire_inspection?"),
        ("path: fire.pdf", "path: gone.pdf", 12, "cannot be read: No such file"),
        ("path: fire.pdf", "path: attestations", 12, "which is no file"),
        ("path: fire.pdf", 'path: "fire\\0.pdf"', 12, "cannot be read: not a path"),
        ("path: fire.pdf", "path: empty.pdf", 12, "which is empty"),
        ("path: fire.pdf", "path: altered.pdf", 12, "which was altered"),
    ],
)
def test_what_counts_as_none_is_said_at_its_line(site, old, new, line, flaw):
    (site / "empty.pdf").touch()
    (site / "altered.pdf").write_text("something else")
    file, _, _ = write(site)
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    (claim,) = claims(site)
    assert claim.flaw is not None
    assert flaw in claim.flaw
    assert f"{file.name}:{line}: this attestation of" in claim.note
    assert held([claim]) == {}


def test_one_expires_after_its_last_day(site):
    _, made, _ = write(site, until=date(2026, 12, 24))
    assert held(claims(site, made.until))
    (claim,) = claims(site, made.until + timedelta(days=1))
    assert claim.flaw == "expired on 2026-12-24"


def test_until_cannot_stretch_what_the_document_is_good_for(site):
    file, made, _ = write(site)
    file.write_text(file.read_text().replace("until: 2027-09-14", "until: 2099-01-01"))
    assert held(claims(site, made.until))["8.1.1.5-a"].until == made.until
    assert held(claims(site, made.until + timedelta(days=1))) == {}


def test_a_wrong_clause_leaves_the_others(site):
    file, _, _ = write(site)
    file.write_text(file.read_text().replace("- 8.1.1.5-a", "- 8.1.1.5-a\n- 8.1.1.5-b"))
    assert [bool(claim.flaw) for claim in claims(site)] == [False, True]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "{}", "[]", "---\n"])
def test_an_empty_file_counts_as_none(site, text):
    (site / "attestations").mkdir()
    (site / "attestations/a.yaml").write_text(text)
    (claim,) = claims(site)
    assert claim.note.endswith("attestations/a.yaml:1: this attestation counts as none: it is empty")


@pytest.mark.parametrize(
    ("old", "new", "line", "complaint"),
    [
        ("version: 1", "version: 2", 1, "version"),
        ("who: Li", "whom: Li", 5, "did you mean who?"),
        ("until: 2027-09-14\n", "", 1, "until: is missing"),
        ("when: 2026-11-28", "when: soon", 6, "write a date such as 2027-03-31"),
        ("- 8.1.1.5-a", "- fire", 4, "write a clause such as 8.1.3.2-a"),
        ("result: no findings", "result: 3", 11, 'write text, in quotes: "3"'),
        ("  sha256: ", "  sha256: x", 14, "64 lower-case hex digits"),
    ],
)
def test_a_malformed_file_is_refused_at_its_line(site, old, new, line, complaint):
    file, _, _ = write(site)
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(SiteError) as refusal:
        claims(site)
    assert complaint in str(refusal.value)
    assert f"{file.name}:{line}:" in str(refusal.value)


def test_no_directory_and_what_playbooks_keep_there_hold_none(site):
    assert claims(site) == ()
    (site / "attestations/wipes").mkdir(parents=True)
    (site / "attestations/wipes/lab-az1-01.json").write_text("{}")
    (site / "attestations/wipes/a.yaml").write_text("not ours")
    (site / "attestations/readme.txt").write_text("not ours")
    assert claims(site) == ()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"document": "fire"}, "8.1.1.5-a wants fire_inspection"),
        ({"document": "fire_inspektion", "clauses": []}, "did you mean fire_inspection?"),
        ({"clauses": []}, "--clause"),
        ({"clauses": ["8.1.1.5"]}, "write it like 8.1.3.2-a"),
        ({"clauses": ["8.1.1.5-a", "8.1.1.5-b"]}, "fire_inspection is for 8.1.1.5-a"),
        ({"who": " "}, "give --who NAME"),
        ({"who": "Li\x1b[31m"}, "without control characters"),
        ({"who": "Li\udcff"}, "without control characters"),
        ({"fields": {}}, "--field inspector=... --field inspected_on=YYYY-MM-DD --field result=..."),
        ({"fields": FIELDS | {"inspected_on": "2026-11-29"}}, "lies after the attestation"),
        ({"fields": FIELDS | {"inspected_on": "2020-01-01"}}, "is too old"),
        ({"fields": FIELDS | {"In": "x"}}, "--field"),
        ({"until": date(2027, 9, 15)}, "good until 2027-09-14 at the latest"),
        ({"until": date(2026, 11, 27)}, "give a later --until, or none"),
        ({"evidence": Path("/nowhere/at/all.pdf")}, "No such file"),
        ({"evidence": Path("/")}, "is no file"),
        ({"evidence": Path("/dev/null")}, "is no file"),
    ],
)
def test_what_would_not_count_is_not_written(site, changes, complaint):
    with pytest.raises(UserError) as refusal:
        write(site, **changes)
    assert complaint in str(refusal.value)
    assert not (site / "attestations").exists()


def test_an_empty_evidence_is_not_attested(site):
    (site / "fire.pdf").write_bytes(b"")
    with pytest.raises(UserError, match="which is empty"):
        write(site)


def test_a_named_pipe_does_not_stop_the_reader(site):
    file, _, _ = write(site)
    os.mkfifo(site / "pipe")
    file.write_text(file.read_text().replace("path: fire.pdf", "path: pipe"))
    (claim,) = claims(site)
    assert "which is no file" in str(claim.flaw)
    with pytest.raises(UserError, match="is no file"):
        write(site, evidence=site / "pipe")


def test_the_published_schema_is_that_of_the_model():
    made = json.dumps(attestation_schema(), indent=2, ensure_ascii=False) + "\n"
    assert SCHEMA.read_text(encoding="utf-8") == made, (
        f"{SCHEMA} is stale: run  python -m yiyun.compliance.attestations > docs/schemas/attestation.json"
    )


def test_what_is_written_fits_the_published_schema(site):
    checker = jsonschema.Draft202012Validator(
        json.loads(SCHEMA.read_text()), format_checker=jsonschema.FormatChecker(["date"])
    )
    file, _, _ = write(site)
    stated = data(read(file))
    assert list(checker.iter_errors(stated)) == []
    for wrong in ({"when": "soon"}, {"version": 2}, {"clauses": []}, {"colour": "red"}, {"evidence": {"path": "x"}}):
        assert list(checker.iter_errors(stated | wrong))


@given(st.data())
def test_no_mutation_breaks_the_reader(tmp_path_factory, draws):
    site = tmp_path_factory.mktemp("site")
    (site / "fire.pdf").write_bytes(b"report of the inspection")
    file, _, _ = write(site)
    text = file.read_text()
    for _ in range(draws.draw(st.integers(1, 3))):
        at = draws.draw(st.integers(0, len(text)))
        text = text[:at] + draws.draw(st.text(max_size=3)) + text[at + draws.draw(st.integers(0, 4)) :]
    file.write_text(text, encoding="utf-8", errors="replace")
    today = draws.draw(st.dates(date(2025, 1, 1), date(2029, 1, 1)))
    try:
        found = claims(site, today)
    except SiteError as error:
        assert ":" in str(error)
        return
    finally:
        shutil.rmtree(site)
    for claim in found:
        if claim.flaw is None:
            assert claim.until is not None
            assert today <= claim.until
            assert claim.who.strip()
