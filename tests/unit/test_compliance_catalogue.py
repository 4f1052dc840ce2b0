"""The shipped catalogue against the standard's structure, and what a broken catalogue is told."""

import csv
import re
import shutil
from functools import cache
from pathlib import Path

import pytest
from rule_cases import PACK, rules

from yiyun.compliance.catalogue import Catalogue, Row, load_catalogue
from yiyun.compliance.extension import load_extension
from yiyun.errors import SiteError

HERE = Path(__file__).parent
STILL_WITHOUT_A_RULE = HERE / "clauses_without_a_rule.txt"
MOST_WITHOUT_A_RULE = 12
"""May only be lowered. Issue 5 wants none left."""
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@cache
def shipped() -> Catalogue:
    return load_catalogue(PACK)


@cache
def ruled() -> frozenset[str]:
    return frozenset(clause for rule in rules().values() for clause in rule.clauses)


def structure() -> list[dict[str, str]]:
    """Ids, evaluation units and risk flags of the standard and the 2025 guide: facts, no texts."""
    with (HERE / "mlps3_structure.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def as_facts(row: Row) -> dict[str, str]:
    case = row.high_risk_2025 or ""
    return {
        "clause": row.id,
        "unit": row.unit,
        "automatable": row.automatable,
        "lettered": "yes" if row.lettered else "no",
        "high_risk_2025": case,
        "high_risk_scope": row.high_risk_scope if case else "",
        "major_hazard": row.major_hazard or "",
    }


def test_the_catalogue_is_the_structure_of_the_standard():
    assert [as_facts(row) for row in shipped().rows.values()] == structure()


def test_the_structure_has_the_known_totals():
    facts = structure()
    assert len(facts) == len({row["clause"] for row in facts}) == len({row["unit"] for row in facts}) == 257
    assert sum(row["clause"].startswith("8.1.") for row in facts) == 211
    assert sum(bool(row["high_risk_2025"]) for row in facts) == 55
    assert sum(bool(row["major_hazard"]) for row in facts) == 20
    assert sum(row["automatable"] == "manual" for row in facts) == 132
    assert sum(row["lettered"] == "no" for row in facts) == 11
    units = {row["unit"] for row in facts}
    assert not units & {"L3-CES1-16", "L3-CMS2-06"}, "these numbers do not exist at level 3"


def test_every_row_has_texts_in_both_languages():
    parts = [*shipped().domains, *shipped().points, *shipped().rows.values(), *shipped().documents.values()]
    for part in parts:
        assert CHINESE.search(part.title_zh)
        assert not CHINESE.search(part.title_en)
    for row in shipped().rows.values():
        assert CHINESE.search(row.requirement_zh), row.id
        assert re.search(r"[a-z]", row.requirement_en), row.id
        assert not CHINESE.search(row.requirement_en), row.id


@pytest.mark.parametrize("field", ["requirement_zh", "requirement_en"])
def test_no_requirement_is_written_twice(field):
    texts = [getattr(row, field) for row in shipped().rows.values()]
    assert len(texts) == len(set(texts))


def test_every_document_is_asked_for():
    asked = {row.document for row in shipped().rows.values()}
    assert set(shipped().documents) == asked - {None}
    assert all(CHINESE.search(label) for each in shipped().documents.values() for label in each.fields.values())


def test_every_clause_of_a_rule_exists():
    assert not [(rule.id, c) for rule in rules().values() for c in rule.clauses if c not in shipped().rows]


def test_judged_by_agrees_with_the_rules():
    """A clause that a rule names is not a person's alone; one that a machine can look at is not either."""
    alone = {row.id: row.title_en for row in shipped().rows.values() if row.judged_by == "attestation"}
    named = [
        (rule.id, clause, alone[clause]) for rule in rules().values() for clause in rule.clauses if clause in alone
    ]
    assert not named, "no rule can tell these: is it the right clause? If a rule helps, the row is judged by `both`"
    assert alone.keys() <= {row.id for row in shipped().rows.values() if row.automatable == "manual"}


def test_a_rule_that_asks_for_a_person_names_clauses_with_a_document():
    asking = [file.stem for file in PACK.glob("rules/*/*.py") if "raise NeedsPerson" in file.read_text()]
    assert asking
    without = [(name, c) for name in asking for c in rules()[name].clauses if shipped().rows[c].document is None]
    assert not without


def test_rows_still_without_a_rule_are_listed_and_only_get_fewer():
    lines = [line.partition("#") for line in STILL_WITHOUT_A_RULE.read_text().splitlines() if line[:1] not in ("", "#")]
    listed = [clause.strip() for clause, _, _ in lines]
    assert all(why.strip() for _, _, why in lines), "say beside each row why no rule judges it"
    wanted = [row.id for row in shipped().rows.values() if row.automatable != "manual"]
    missing = [clause for clause in wanted if clause not in ruled()]
    print(f"{len(missing)} of the {len(wanted)} rows that a machine can look at have no rule yet")  # noqa: T201
    assert len(listed) == len(set(listed))
    assert not set(missing) - set(listed), "these rows have no rule"
    assert not set(listed) - set(missing), f"these rows have a rule now: take them out of {STILL_WITHOUT_A_RULE.name}"
    assert len(listed) <= MOST_WITHOUT_A_RULE


def test_the_container_extension_claims_no_more_than_is_known():
    items = load_extension(PACK).items
    assert [item.id for item in items] == [f"container-{number:02}" for number in range(1, 34)]
    assert not any(item.verified for item in items)
    text = (PACK / "container_extension.yaml").read_text()
    assert not re.search(r"\b\d\.\d+\.\d+", text), "clause numbers were not verified"
    for item in items:
        assert "容器安全扩展要求" in item.source
        assert CHINESE.search(item.requirement_zh)
        assert not CHINESE.search(item.requirement_en)


@pytest.fixture
def pack(tmp_path):
    shutil.copy(PACK / "documents.yaml", tmp_path)
    shutil.copytree(PACK / "catalogue", tmp_path / "catalogue")
    shutil.copy(PACK / "container_extension.yaml", tmp_path)
    return tmp_path


LOCATION = "catalogue/8.2.1-cloud-physical-environment.yaml"


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "complaint"),
    [
        (LOCATION, "    lettered: false\n", "    letered: false\n", 16, "unknown key (did you mean lettered?)"),
        (LOCATION, "judged_by: both", "judged_by: nobody", 19, "'nobody' is not allowed"),
        (LOCATION, "    document: site_location\n", "", 10, "is judged by both; name its document"),
        (LOCATION, "document: site_location", "document: site_locatoin", 20, "did you mean site_location?"),
        (LOCATION, "id: 8.2.1.1-a", "id: 8.2.1.2-a", 10, "does not belong to 8.2.1.1"),
        (LOCATION, '- clause: "8.2.1.1"', '- clause: "8.2.2.1"', 6, "does not belong to 8.2.1"),
        (LOCATION, "unit: L3-PES2-01", "unit: L3-PES1-01", 10, "L3-PES1-01 stands already at"),
        (LOCATION, 'requirement_zh: "', 'requirement_zh: "" #', 14, "write text that is not blank"),
        ("documents.yaml", "dated_by: reviewed_on", "dated_by: reviewd_on", 15, "has no field reviewd_on"),
        ("documents.yaml", "max_age_days: 365", "max_age_days: 0", 10, "max_age_days"),
    ],
)
def test_a_broken_catalogue_is_refused_at_its_line(pack, file, old, new, line, complaint):
    text = (pack / file).read_text()
    assert old in text
    (pack / file).write_text(text.replace(old, new, 1))
    with pytest.raises(SiteError, match=re.escape(complaint)) as refusal:
        load_catalogue(pack)
    assert f"{Path(file).name}:{line}:" in str(refusal.value)


def test_a_clause_in_two_files_is_refused(pack):
    shutil.copy(pack / LOCATION, pack / "catalogue/copy.yaml")
    with pytest.raises(SiteError, match=r"copy\.yaml:2: 8\.2\.1 stands already at .*8\.2\.1-cloud-physical"):
        load_catalogue(pack)


def test_no_catalogue_is_refused(tmp_path):
    with pytest.raises(SiteError, match=r"documents\.yaml:1: cannot be read"):
        load_catalogue(tmp_path)
    shutil.copy(PACK / "documents.yaml", tmp_path)
    with pytest.raises(SiteError, match="no catalogue"):
        load_catalogue(tmp_path)


def test_an_extension_with_an_id_twice_is_refused(pack):
    file = pack / "container_extension.yaml"
    file.write_text(file.read_text().replace("id: container-02", "id: container-01"))
    with pytest.raises(SiteError, match="container-01 is written twice"):
        load_extension(pack)
