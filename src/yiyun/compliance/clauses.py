"""Rolls verdicts and attestations up to clauses and control points (design decision 8).

Worst first: any fail or waived is 部分符合 where something passes, else 不符合; else anything that was not evaluated, was
not run or is not attested is 未核查; else all not-applicable is 不适用; else 符合.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from yiyun.compliance.attestations import Claim, held
from yiyun.compliance.catalogue import Catalogue, Row
from yiyun.compliance.engine import INPUT_READABLE
from yiyun.compliance.model import State, Verdict
from yiyun.compliance.rule import Rule

Subject = Literal["host", "object", "site"]
"""What rules judge; those of scope `objects` judge objects, too."""
SUBJECTS: tuple[Subject, ...] = ("host", "object", "site")
NOTHING: Mapping[Subject, Collection[str]] = {}
SHOWN_UNSEEN = 5
"""How many of the things that were not looked at a reason names."""


class ClauseState(StrEnum):
    """Outcome of one clause or control point."""

    DOES_NOT_CONFORM = "does_not_conform"
    PARTLY_CONFORMS = "partly_conforms"
    NOT_CHECKED = "not_checked"
    CONFORMS = "conforms"
    NOT_APPLICABLE = "not_applicable"

    @property
    def zh(self) -> str:
        """The assessor's word."""
        return _CHINESE[self]


_CHINESE = {
    ClauseState.DOES_NOT_CONFORM: "不符合",
    ClauseState.PARTLY_CONFORMS: "部分符合",
    ClauseState.NOT_CHECKED: "未核查",
    ClauseState.CONFORMS: "符合",
    ClauseState.NOT_APPLICABLE: "不适用",
}


@dataclass(frozen=True)
class ClauseVerdict:
    """What all rules and attestations together say of one clause."""

    clause: str
    state: ClauseState
    counts: Mapping[State, int]
    """Verdicts of its rules by state; states without a verdict are left out. A waiver stands here, and upgrades nothing."""
    rules: Mapping[str, Mapping[State, int]]
    """The same by rule; a rule that was not run or judged no resource has none."""
    attestation: Claim | None
    """The attestation that counts for it."""
    unattested: bool
    """Whether it wants a person's word and has none that counts."""
    reasons: tuple[str, ...]
    """What keeps it from 符合, beside the failing verdicts themselves; empty where nothing does."""


def clause_state(states: Collection[State], *, attested: bool | None = None) -> ClauseState:
    """State of a clause by the states of its rules' verdicts.

    `attested`: whether the attestation that the clause wants is there; None: it wants none. A verdict `manual` asks
    for a person, so only an attestation answers it. Nothing at all is never 符合.
    """
    seen = set(states)
    if seen & {State.FAIL, State.WAIVED}:
        return ClauseState.PARTLY_CONFORMS if State.PASS in seen else ClauseState.DOES_NOT_CONFORM
    unanswered = State.MANUAL in seen and attested is not True
    if State.NOT_EVALUATED in seen or attested is False or unanswered or not (seen or attested):
        return ClauseState.NOT_CHECKED
    if seen == {State.NOT_APPLICABLE} and attested is None:
        return ClauseState.NOT_APPLICABLE
    return ClauseState.CONFORMS


def point_state(clauses: Collection[ClauseState]) -> ClauseState:
    """State of a control point by those of its clauses, by the same table. Raises ValueError when there are none."""
    seen = set(clauses)
    if not seen:
        raise ValueError("a control point has clauses")
    if seen & {ClauseState.DOES_NOT_CONFORM, ClauseState.PARTLY_CONFORMS}:
        some = seen & {ClauseState.CONFORMS, ClauseState.PARTLY_CONFORMS}
        return ClauseState.PARTLY_CONFORMS if some else ClauseState.DOES_NOT_CONFORM
    if ClauseState.NOT_CHECKED in seen:
        return ClauseState.NOT_CHECKED
    return ClauseState.NOT_APPLICABLE if seen == {ClauseState.NOT_APPLICABLE} else ClauseState.CONFORMS


def roll_up(
    catalogue: Catalogue,
    rules: Mapping[str, Rule],
    verdicts: Iterable[Verdict],
    claims: Iterable[Claim],
    *,
    ran: Collection[str],
    unseen: Mapping[Subject, Collection[str]] = NOTHING,
) -> dict[str, ClauseVerdict]:
    """Clause -> verdict, for every clause of the catalogue in its order.

    `rules`: all rules of the pack by id. `ran`: ids of those whose facts were looked for; a clause with a rule that
    was not run is not 符合, however the others judged; one that ran and met no resource of its kind says nothing.
    An input that could not be read counts against every clause that rules on objects judge, since nobody knows what
    stood in it; a waiver does not change that.

    `unseen`: what belongs to the site and was not looked at, such as hosts that were not chosen or the cluster; it
    counts against the clauses whose rules judge such things.

    Raises ValueError for a verdict whose rule is not in `rules`: it would be lost.
    """
    tallies: dict[str, Counter[State]] = {}
    for verdict in verdicts:
        tallies.setdefault(verdict.rule, Counter())[verdict.state] += 1
    strangers = sorted(tallies.keys() - rules.keys() - {INPUT_READABLE.id})
    if strangers:
        raise ValueError(f"verdicts of unknown rules: {', '.join(strangers)}")
    of_clause: dict[str, list[str]] = {}
    judged: dict[str, set[Subject]] = {}
    for rule in rules.values():
        for clause in rule.clauses:
            of_clause.setdefault(clause, []).append(rule.id)
            judged.setdefault(clause, set()).add("object" if rule.scope == "objects" else rule.scope)
    claims = tuple(claims)
    attested = held(claims)
    refused: dict[str, list[str]] = {}
    for claim in claims:
        if claim.note:
            refused.setdefault(claim.clause, []).append(claim.note)
    inputs = tallies.get(INPUT_READABLE.id, Counter())
    unread = inputs[State.NOT_EVALUATED] + inputs[State.WAIVED]
    gaps = {subject: [_not_looked_at(names)] for subject, names in unseen.items() if names}
    if unread:
        gaps.setdefault("object", []).insert(0, f"{unread} inputs could not be read")
    return {
        row.id: _clause(
            row,
            {rule: tallies.get(rule, Counter()) for rule in sorted(of_clause.get(row.id, ()))},
            ran,
            [gap for subject in SUBJECTS if subject in judged.get(row.id, ()) for gap in gaps.get(subject, ())],
            attested.get(row.id),
            refused.get(row.id, []),
        )
        for row in catalogue.rows.values()
    }


def _not_looked_at(names: Collection[str]) -> str:
    shown = ", ".join(sorted(names)[:SHOWN_UNSEEN])
    more = len(names) - SHOWN_UNSEEN
    return f"not looked at: {shown}{f' and {more} more' if more > 0 else ''}"


def _clause(
    row: Row,
    tallies: Mapping[str, Counter[State]],
    ran: Collection[str],
    gaps: Iterable[str],
    claim: Claim | None,
    refused: Iterable[str],
) -> ClauseVerdict:
    counts: Counter[State] = sum(tallies.values(), Counter())
    missing = list(_not_run(row, tallies, ran, gaps))
    reasons = [*missing]
    if counts[State.NOT_EVALUATED]:
        names = ", ".join(name for name, tally in tallies.items() if tally[State.NOT_EVALUATED])
        reasons.append(f"{counts[State.NOT_EVALUATED]} verdicts were not evaluated: {names}")
    wanted = row.judged_by != "rules" or counts[State.MANUAL] > 0
    unattested = wanted and claim is None
    if unattested:
        document = f"the document {row.document}" if row.document else "a person's word"
        reasons += [f"{document} is not attested", *refused]
    states = {*counts, State.NOT_EVALUATED} if missing else set(counts)
    state = clause_state(states, attested=not unattested if wanted else None)
    return ClauseVerdict(row.id, state, counts, tallies, claim if wanted else None, unattested, tuple(reasons))


def _not_run(
    row: Row, tallies: Mapping[str, Counter[State]], ran: Collection[str], gaps: Iterable[str]
) -> Iterator[str]:
    """Why the rules' part of a clause is not complete."""
    if row.judged_by == "attestation" and not tallies:
        return
    if not tallies:
        yield "no rule judges it yet"
        return
    left_out = [name for name in tallies if name not in ran]
    if left_out:
        yield f"rules that were not run: {', '.join(left_out)}"
    elif not any(tallies.values()):
        yield f"nothing was found that its rules judge: {', '.join(tallies)}"
    yield from gaps
