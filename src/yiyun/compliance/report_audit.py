"""An audit as text for people: the 2025 risk lists, what a person must attest, what changed; then the findings."""

from collections import Counter
from collections.abc import Iterable, Iterator

from yiyun.compliance.assessment import STOPPING, Assessment, risks, to_attest
from yiyun.compliance.catalogue import Row
from yiyun.compliance.clauses import ClauseState, ClauseVerdict
from yiyun.compliance.difference import Difference
from yiyun.compliance.model import State
from yiyun.compliance.report_text import render_findings, stopping
from yiyun.printable import printable

LONGEST_REASON = 160
SHOWN = 5
"""How many resources of one rule a line of changes names."""
_WORDS = {
    "new": "new",
    "still_open": "still open",
    "not_judged": "open then, not judged now",
    "fixed": "fixed",
    "gone": "gone with its object",
}


def render_audit(assessment: Assessment, all_verdicts: bool) -> str:
    """The whole text, which ends with the conclusion."""
    counts = Counter(verdict.state for verdict in assessment.clauses.values())
    lines = ["clauses: " + ", ".join(f"{state.zh} {counts[state]}" for state in ClauseState)]
    wanting = risks(assessment)
    hazards = [row for row in wanting if row.major_hazard]
    lines += _risks("重大风险隐患 / major hazards of 2025", hazards, assessment)
    lines += _risks(
        "高风险 / other high-risk clauses of 2025", [row for row in wanting if not row.major_hazard], assessment
    )
    lines += _to_attest(assessment)
    if assessment.result.difference is not None:
        lines += _changes(assessment.result.difference)
    lines += ["", *render_findings(assessment.result, all_verdicts), _conclusion(assessment)]
    return "\n".join(printable(line) for line in (*lines, ""))


def _risks(title: str, rows: list[Row], assessment: Assessment) -> Iterator[str]:
    yield f"{title}: {f'{len(rows)} are not known to hold' if rows else 'all hold'}"
    for row in rows:
        verdict = assessment.clauses[row.id]
        case = row.major_hazard or row.high_risk_2025
        yield f"  {case}  {row.id} {verdict.state.zh} {row.title_zh} / {row.title_en}: {_why(verdict)}"


def _why(verdict: ClauseVerdict) -> str:
    failing = [name for name, counts in verdict.rules.items() if counts.get(State.FAIL) or counts.get(State.WAIVED)]
    text = ", ".join(failing) if failing else "; ".join(verdict.reasons)
    return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 3] + "..."


def _to_attest(assessment: Assessment) -> Iterator[str]:
    wanted = list(to_attest(assessment))
    clauses = sum(len(rows) for _, rows in wanted)
    yield f"需人工证明 / to be attested by a person: {f'{len(wanted)} documents for {clauses} clauses' if wanted else 'none'}"
    for name, rows in wanted:
        ids = ", ".join(row.id for row in rows)
        if name is None:
            yield f"  a person's word: {ids}"
        else:
            document = assessment.catalogue.documents[name]
            yield f"  {name} ({document.title_zh} / {document.title_en}; states {', '.join(document.fields)}): {ids}"


def _changes(difference: Difference) -> Iterator[str]:
    counts = ", ".join(f"{len(changes)} {_WORDS[name]}" for name, changes in difference.lists())
    yield f"since {difference.since}: {counts}"
    for name, changes in difference.lists():
        by_rule: dict[tuple[str, State | None, State | None], list[str]] = {}
        for change in changes:
            by_rule.setdefault((change.rule, change.was, change.now), []).append(change.resource.label)
        for (rule, was, now), labels in sorted(by_rule.items(), key=lambda item: item[0][0]):
            yield f"  {_WORDS[name]}: {rule}{_states(was, now)}: {_named(labels)}"


def _states(was: State | None, now: State | None) -> str:
    """` (fail, was not evaluated)`."""
    words = [*([now.value] if now else []), *([f"was {was.value}"] if was and was is not now else [])]
    return f" ({', '.join(words).replace('_', ' ')})" if words else ""


def _named(labels: Iterable[str]) -> str:
    listed = sorted(labels)
    more = len(listed) - SHOWN
    return ", ".join(listed[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _conclusion(assessment: Assessment) -> str:
    failed, unread = stopping(assessment.result)
    counts = Counter(
        assessment.clauses[row.id].state for row in assessment.catalogue.rows.values() if row.high_risk_2025
    )
    bad = [f"{counts[s]} {s.zh}" for s in STOPPING if counts[s]]
    if not assessment.exit_code:
        return "audit: passed (nothing mandatory fails, and every high-risk clause of 2025 was checked)"
    high = f"high-risk clauses of 2025: {', '.join(bad)}; " if bad else ""
    return f"audit: FAILED ({high}{failed} mandatory fails, {unread} mandatory not evaluated)"
