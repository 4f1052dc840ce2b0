"""The report for people: findings by rule, most severe first."""

import io

from rich.console import Console
from rich.table import Table

from yiyun.compliance.engine import Result
from yiyun.compliance.model import Enforcement, State
from yiyun.compliance.report_order import grouped
from yiyun.printable import printable

_WIDTH = 100


def render_text(result: Result, all_verdicts: bool) -> str:
    """The findings, the counts, the notes and the gate's conclusion."""
    lines = [*render_findings(result, all_verdicts), _conclusion(result)]
    return "\n".join(printable(line) for line in lines) + "\n"


def render_findings(result: Result, all_verdicts: bool) -> list[str]:
    """Each finding with rule, clauses, resource, place, message and remedy; then the counts and the notes."""
    lines: list[str] = []
    for rule, verdicts in grouped(result, all_verdicts):
        lines.append(f"{rule.severity.value.upper()}  {rule.id}  ({rule.enforcement}; {rule.sources})")
        lines.append(f"  {rule.title_en} / {rule.title_zh}")
        if any(verdict.state not in (State.PASS, State.NOT_APPLICABLE) for verdict in verdicts):
            lines.append(f"  Remedy: {rule.remediation}")
        for verdict in verdicts:
            place = verdict.resource.place
            label = verdict.resource.label
            where = f"{label}  {place}" if place and place != label else label
            lines.append(f"  - {verdict.state.replace('_', ' ').upper()}  {where}")
            if verdict.message:
                lines.append(f"      {verdict.message}")
        lines.append("")
    lines.append(_counts(result))
    return [*lines, *(f"note: {note}" for note in result.notes)]


def _counts(result: Result) -> str:
    """One table: how many verdicts in each state."""
    table = Table("objects", "rules", *(state.value.replace("_", " ") for state in State))
    rules = len({verdict.rule for verdict in result.verdicts})
    table.add_row(str(result.objects), str(rules), *(str(count) for count in result.summary().values()))
    out = io.StringIO()
    Console(file=out, width=_WIDTH, force_terminal=False, color_system=None).print(table)
    return out.getvalue().rstrip("\n")


def stopping(result: Result) -> tuple[int, int]:
    """How many verdicts of mandatory rules fail, and how many were not evaluated."""
    states = [v.state for v in result.verdicts if result.rules[v.rule].enforcement is Enforcement.MANDATORY]
    return states.count(State.FAIL), states.count(State.NOT_EVALUATED)


def _conclusion(result: Result) -> str:
    failed, unread = stopping(result)
    if not failed and not unread:
        return "gate: passed (nothing mandatory fails)"
    return f"gate: FAILED ({failed} mandatory fails, {unread} mandatory not evaluated)"
