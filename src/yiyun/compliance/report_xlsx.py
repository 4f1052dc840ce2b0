"""The record sheets of an assessor as an Excel workbook: an overview, then one sheet a domain of the standard.

A clause has a line for all objects together, then one for each object that was judged for it.
"""

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Font, NamedStyle, PatternFill
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from yiyun.compliance.assessment import Assessment, risks, to_attest
from yiyun.compliance.catalogue import Domain, Point, Row
from yiyun.compliance.clauses import ClauseState, clause_state, point_state
from yiyun.compliance.model import Resource, State, Verdict
from yiyun.compliance.report_order import STATE_ORDER
from yiyun.compliance.report_words import STATE_ZH
from yiyun.compliance.rule import Rule
from yiyun.printable import printable

COLUMNS = {
    "测评单元": 13,
    "条款": 12,
    "控制点": 16,
    "测评指标（要求）": 40,
    "测评对象": 26,
    "结果记录": 60,
    "证据": 50,
    "符合情况": 11,
    "备注": 46,
}
"""Head of each column -> its width in characters."""
ALL_OBJECTS = "全部对象"
CELL_LIMIT = 16_000
"""Characters of a cell; Excel refuses more than 32,767 UTF-16 units."""
ROW_LIMIT = 1_000_000
"""Lines of a sheet before the next one begins; Excel has 1,048,576."""
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What begins a formula, also after a workbook was saved as CSV and opened again."""
_FILL = {
    ClauseState.DOES_NOT_CONFORM.zh: "F7C6C7",
    ClauseState.PARTLY_CONFORMS.zh: "FCE4C0",
    ClauseState.NOT_CHECKED.zh: "E4DBF7",
    ClauseState.CONFORMS.zh: "D3EFDB",
    ClauseState.NOT_APPLICABLE.zh: "E6E8EA",
}
"""Word of a state -> colour of its cells; the word is the name of their style too."""
_PLAIN, _HEAD = "记录", "表头"
_BAD = (State.FAIL, State.WAIVED)

Line = Sequence[str | int]


def render_xlsx(assessment: Assessment) -> bytes:
    """The workbook."""
    book = Workbook(write_only=True)
    for style in _styles():
        book.add_named_style(style)
    overview = book.create_sheet("总览")
    overview.column_dimensions["A"].width = 24
    overview.column_dimensions["B"].width = 60
    overview.column_dimensions["C"].width = 16
    overview.column_dimensions["D"].width = 60
    for line in _overview(assessment):
        _append(overview, line)
    judged = _by_rule(assessment)
    for domain in assessment.catalogue.domains:
        _record_sheets(book, domain, assessment, judged)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def cell_text(text: str) -> str:
    """Text that a cell can hold, and that never begins a formula."""
    text = printable(text)
    if text.lstrip().startswith(_FORMULA):
        text = f"'{text}"
    return text if len(text) <= CELL_LIMIT else f"{text[:CELL_LIMIT]}…（过长，已截断；全文见 JSON 报告）"


def _styles() -> Iterator[NamedStyle]:
    """Named ones: openpyxl takes longer over a style of one cell than over the cell."""
    wrap = Alignment(wrap_text=True, vertical="top")
    yield NamedStyle(_PLAIN, alignment=wrap)
    yield NamedStyle(_HEAD, alignment=wrap, font=Font(bold=True))
    for word, colour in _FILL.items():
        yield NamedStyle(word, alignment=wrap, fill=PatternFill("solid", fgColor=colour))


def _overview(assessment: Assessment) -> Iterator[Line]:
    counts = Counter(verdict.state for verdict in assessment.clauses.values())
    yield ("等级保护三级核查记录",)
    yield ("站点", assessment.site or "未指定站点")
    yield ("取证时间", assessment.taken)
    yield ("核查对象", assessment.result.objects)
    for state in ClauseState:
        yield (state.zh, counts[state])
    yield ()
    yield ("2025 年重大风险隐患与高风险项", "未符合或未核查的条款", "符合情况", "未能判为符合的原因")
    for row in risks(assessment):
        verdict = assessment.clauses[row.id]
        yield (_flags(row), f"{row.id} {row.title_zh}", verdict.state.zh, "\n".join(verdict.reasons))
    yield ()
    yield ("仍需人工证明", "条款")
    for document, rows in to_attest(assessment):
        title = assessment.catalogue.documents[document].title_zh if document else "人工确认"
        yield (title, "\n".join(f"{row.id} {row.title_zh}" for row in rows))
    yield ()
    yield ("控制点", "", "符合情况")
    for point in assessment.catalogue.points:
        state = point_state([assessment.clauses[row.id].state for row in point.items])
        yield (point.clause, point.title_zh, state.zh)
    if assessment.result.notes:
        yield ()
        yield ("说明",)
        for note in assessment.result.notes:
            yield ("", note)


def _record_sheets(
    book: Workbook, domain: Domain, assessment: Assessment, judged: Mapping[str, Sequence[Verdict]]
) -> None:
    """The sheets of a domain; a second one where the first is full."""
    title = f"{domain.clause} {domain.title_zh}"
    sheet = _sheet(book, title)
    used = number = 1
    for line in (line for point in domain.points for line in _lines(point, assessment, judged)):
        if used == ROW_LIMIT:
            number += 1
            sheet, used = _sheet(book, f"{title} ({number})"), 1
        _append(sheet, line)
        used += 1


def _sheet(book: Workbook, title: str) -> WriteOnlyWorksheet:
    sheet: Any = book.create_sheet(title)  # its published types lack the page setup
    for place, width in enumerate(COLUMNS.values()):
        sheet.column_dimensions[chr(ord("A") + place)].width = width
    sheet.freeze_panes = "C2"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.append([_cell(sheet, head, _HEAD) for head in COLUMNS])
    return cast("WriteOnlyWorksheet", sheet)


def _append(sheet: WriteOnlyWorksheet, line: Line) -> None:
    sheet.append([_cell(sheet, value) for value in line])


def _cell(sheet: WriteOnlyWorksheet, value: str | int, style: str = _PLAIN) -> Cell:
    if isinstance(value, int):
        return WriteOnlyCell(sheet, value)
    cell = WriteOnlyCell(sheet, cell_text(value))
    cell.data_type = "s"  # whatever it looks like
    cell.style = value if value in _FILL else style
    return cell


def _by_rule(assessment: Assessment) -> dict[str, list[Verdict]]:
    judged: dict[str, list[Verdict]] = {}
    for verdict in assessment.result.verdicts:
        judged.setdefault(verdict.rule, []).append(verdict)
    return judged


def _lines(point: Point, assessment: Assessment, judged: Mapping[str, Sequence[Verdict]]) -> Iterator[Line]:
    for row in point.items:
        head = (row.unit, row.id, point.title_zh, row.requirement_zh)
        verdict = assessment.clauses[row.id]
        claim = verdict.attestation
        yield (
            *head,
            ALL_OBJECTS,
            "\n".join(_tally(assessment, rule, counts) for rule, counts in verdict.rules.items()),
            f"{claim.place}（{claim.who}，有效期至 {claim.until}）" if claim else "",
            verdict.state.zh,
            "\n".join(_remarks(row, assessment)),
        )
        for resource, found in _by_resource(judged, verdict.rules):
            found.sort(key=lambda each: STATE_ORDER[each.state])
            state = clause_state([each.state for each in found], attested=True if claim else None)
            yield (
                *head,
                resource.label if resource.place in ("", resource.label) else f"{resource.label}\n{resource.place}",
                "\n".join(_record(assessment, each) for each in found),
                "\n".join(_evidence(found)),
                state.zh,
                "\n".join(_remedy(assessment.result.rules[each.rule]) for each in found if each.state in _BAD),
            )


def _remedy(rule: Rule) -> str:
    return f"{rule.remediation}（参考：{'；'.join(rule.references)}）" if rule.references else rule.remediation


def _by_resource(
    judged: Mapping[str, Sequence[Verdict]], rules: Iterable[str]
) -> Iterator[tuple[Resource, list[Verdict]]]:
    found: dict[Resource, list[Verdict]] = {}
    for rule in rules:
        for verdict in judged.get(rule, ()):
            # A finding moves a site's verdict to its own line; all lines are the same site.
            found.setdefault(
                verdict.resource._replace(line=0) if verdict.resource.site else verdict.resource, []
            ).append(verdict)
    yield from found.items()


def _tally(assessment: Assessment, rule: str, counts: Mapping[State, int]) -> str:
    known = assessment.result.rules.get(rule)
    title = f"{known.title_zh}（{rule}）" if known else rule
    said = "，".join(f"{STATE_ZH[state]} {counts[state]}" for state in State if counts.get(state))
    return f"{title}：{said or '未执行或无对象'}"


def _record(assessment: Assessment, verdict: Verdict) -> str:
    title = f"[{STATE_ZH[verdict.state]}] {assessment.result.rules[verdict.rule].title_zh}（{verdict.rule}）"
    return f"{title}：{verdict.message}" if verdict.message else title


def _evidence(found: Iterable[Verdict]) -> Iterator[str]:
    for verdict in found:
        for finding in verdict.evidence:
            if finding.path:
                yield finding.path if finding.value is None else f"{finding.path} = {finding.value}"


def _remarks(row: Row, assessment: Assessment) -> Iterator[str]:
    verdict = assessment.clauses[row.id]
    if _flags(row):
        yield _flags(row)
    if verdict.unattested:
        document = assessment.catalogue.documents[row.document].title_zh if row.document else "人工确认"
        yield f"缺少证明材料：{document}"
    if verdict.counts.get(State.WAIVED):
        yield f"已豁免 {verdict.counts[State.WAIVED]} 项，仍计不符合"
    yield from verdict.reasons


def _flags(row: Row) -> str:
    hazard = f"重大风险隐患 {row.major_hazard}" if row.major_hazard else ""
    risk = f"高风险 {row.high_risk_2025}" if row.high_risk_2025 else ""
    return " ".join(part for part in (hazard, risk) if part)
