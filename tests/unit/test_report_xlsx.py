"""The record sheets: every clause and object stands there, and no cell is ever a formula."""

import io
import re
import zipfile
from datetime import date

import assessments
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from rule_cases import PACK

from yiyun.compliance import report_xlsx
from yiyun.compliance.attestations import Claim
from yiyun.compliance.catalogue import load_catalogue
from yiyun.compliance.clauses import ClauseState
from yiyun.compliance.model import Resource, State, Verdict
from yiyun.compliance.report_xlsx import ALL_OBJECTS, CELL_LIMIT, COLUMNS, cell_text, render_xlsx

HEADS = list(COLUMNS)
FORMULAS = ["=1+1", "=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(A1)", " =1", "\t=1", "\n=1", "＝1+1", "#N/A", "#REF!"]


def records(made) -> list[dict[str, str]]:
    return lines_of(render_xlsx(made))


def lines_of(content: bytes) -> list[dict[str, str]]:
    book = load_workbook(io.BytesIO(content))
    return [
        dict(zip(HEADS, (cell or "" for cell in line), strict=True))
        for sheet in book.worksheets[1:]
        for line in sheet.iter_rows(min_row=2, values_only=True)
    ]


def test_every_clause_has_its_state_and_every_object_a_line():
    made = assessments.recorded("debian-12-untouched", "debian-12-hardened")
    lines = records(made)
    whole = {line["条款"]: line["符合情况"] for line in lines if line["测评对象"] == ALL_OBJECTS}
    assert whole == {name: verdict.state.zh for name, verdict in made.clauses.items()}
    expected = {
        (clause, verdict.resource.host)
        for verdict in made.result.verdicts
        for clause in made.result.rules[verdict.rule].clauses
    }
    assert {(line["条款"], line["测评对象"]) for line in lines if line["测评对象"] != ALL_OBJECTS} == expected
    row = made.catalogue.rows["8.1.4.1-a"]
    assert {(line["测评单元"], line["测评指标（要求）"]) for line in lines if line["条款"] == row.id} == {
        (row.unit, row.requirement_zh)
    }


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (State.FAIL, ClauseState.DOES_NOT_CONFORM),
        (State.WAIVED, ClauseState.DOES_NOT_CONFORM),
        (State.NOT_EVALUATED, ClauseState.NOT_CHECKED),
        (State.MANUAL, ClauseState.NOT_CHECKED),
        (State.NOT_APPLICABLE, ClauseState.NOT_APPLICABLE),
        (State.PASS, ClauseState.CONFORMS),
    ],
)
def test_an_object_is_judged_by_the_table(state, word):
    lines = records(assessments.of([Verdict(assessments.FAILING, state, Resource(host="a"), "said so")]))
    mine = [line for line in lines if line["测评对象"] == "a"]
    assert {line["符合情况"] for line in mine} == {word.zh}
    assert all("said so" in line["结果记录"] for line in mine)


def test_what_a_host_says_is_never_a_formula():
    content = render_xlsx(assessments.hostile(*FORMULAS))
    book = load_workbook(io.BytesIO(content))
    cells = [cell for sheet in book.worksheets for line in sheet.iter_rows() for cell in line if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    texts = [str(cell.value) for cell in cells]
    assert not [text for text in texts if text.lstrip().startswith(("=", "+", "-", "@", "＝"))]
    assert not [text for text in FORMULAS if not any(text.strip() in each for each in texts)]
    parts = zipfile.ZipFile(io.BytesIO(content))
    assert not [name for name in parts.namelist() if re.search(rb"<f[ >/]", parts.read(name))]


@given(st.text(alphabet=st.characters(), max_size=40))
@settings(max_examples=300)
def test_any_text_can_stand_in_a_cell(text):
    shown = cell_text(text)
    assert not shown.lstrip().startswith(("=", "+", "-", "@"))
    shown.encode("utf-8")
    assert not [character for character in shown if ord(character) < 32 and character != "\n"]


def test_any_hostile_text_can_be_opened_again():
    text = "".join(map(chr, range(0x300))) + "\ud800\ufffe\uffff\u202e<x>&]]>" + "长" * 40_000
    book = load_workbook(io.BytesIO(render_xlsx(assessments.hostile(text))))
    longest = max(len(str(c.value)) for sheet in book.worksheets for line in sheet.iter_rows() for c in line)
    assert CELL_LIMIT < longest < 32_767


def test_the_overview_names_hazards_and_documents():
    rows = load_catalogue(PACK).rows
    clause = next(row for row in rows.values() if row.document == "fire_inspection")
    sheet = load_workbook(io.BytesIO(render_xlsx(assessments.of([], notes=["a note"])))).worksheets[0]
    text = "\n".join(str(cell) for line in sheet.iter_rows(values_only=True) for cell in line if cell is not None)
    for wanted in ("重大风险隐患 A-03", clause.title_zh, "a note", "未核查"):
        assert wanted in text
    claim = Claim(clause.id, "fire_inspection", "Li Wei", date.max, "fire.yaml:1", None)
    (line,) = [line for line in records(assessments.of([], [claim])) if line["条款"] == clause.id]
    assert "fire.yaml:1" in line["证据"]
    assert "缺少证明材料" not in line["备注"]


def test_a_full_sheet_goes_on_in_the_next(monkeypatch):
    before = records(assessments.of([]))
    monkeypatch.setattr(report_xlsx, "ROW_LIMIT", 20)
    content = render_xlsx(assessments.of([]))
    book = load_workbook(io.BytesIO(content))
    assert max(sheet.max_row for sheet in book.worksheets[1:]) == 20
    assert "8.1.4 安全计算环境 (2)" in book.sheetnames
    assert lines_of(content) == before
