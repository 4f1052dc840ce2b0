"""What the full reports of an audit are made from: its result, and what it was judged by."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from yiyun.compliance.catalogue import Catalogue, Row
from yiyun.compliance.clauses import ClauseState, ClauseVerdict
from yiyun.compliance.engine import Result
from yiyun.compliance.model import Finding, Resource, State
from yiyun.compliance.report_order import STATE_ORDER

RISK_ORDER = (
    ClauseState.DOES_NOT_CONFORM,
    ClauseState.PARTLY_CONFORMS,
    ClauseState.NOT_CHECKED,
    ClauseState.CONFORMS,
    ClauseState.NOT_APPLICABLE,
)
"""States of clauses, those that need a reader first."""
STOPPING = (ClauseState.DOES_NOT_CONFORM, ClauseState.NOT_CHECKED)
"""States in which a high-risk clause of 2025 fails the audit."""


@dataclass(frozen=True)
class Assessment:
    """One audit, ready to be reported."""

    site: str
    """Name of the site; empty where none was given."""
    taken: str
    """When its evidence was read, ISO 8601 in UTC."""
    result: Result
    catalogue: Catalogue
    clauses: Mapping[str, ClauseVerdict]
    """By clause, every clause of the catalogue in its order."""

    @property
    def exit_code(self) -> int:
        """1: something mandatory fails or was not evaluated, or a high-risk clause of 2025 is 不符合 or 未核查; else 0."""
        high = [row.id for row in self.catalogue.rows.values() if row.high_risk_2025]
        return int(self.result.exit_code or any(self.clauses[clause].state in STOPPING for clause in high))


class Group(NamedTuple):
    """Resources of which a rule says the same."""

    state: State
    message: str
    evidence: tuple[Finding, ...]
    resources: list[Resource]


def groups(result: Result) -> dict[str, list[Group]]:
    """Rule -> its verdicts, rolled up: a thousand hosts that pass are one group. Worst first."""
    found: dict[str, dict[tuple[State, str, tuple[Finding, ...]], Group]] = {}
    for verdict in result.verdicts:
        of_rule = found.setdefault(verdict.rule, {})
        key = (verdict.state, verdict.message, verdict.evidence)
        group = of_rule.get(key)
        if group is None:
            group = of_rule[key] = Group(*key, [])
        group.resources.append(verdict.resource)
    return {
        rule: sorted(of_rule.values(), key=lambda group: (STATE_ORDER[group.state], -len(group.resources)))
        for rule, of_rule in sorted(found.items())
    }


def risks(assessment: Assessment) -> list[Row]:
    """Clauses of the 2025 lists that are not known to hold: major hazards first, then by state."""
    listed = [row for row in assessment.catalogue.rows.values() if row.major_hazard or row.high_risk_2025]
    wanting = [row for row in listed if assessment.clauses[row.id].state in RISK_ORDER[:3]]
    return sorted(
        wanting, key=lambda row: (row.major_hazard is None, RISK_ORDER.index(assessment.clauses[row.id].state))
    )


def to_attest(assessment: Assessment) -> Iterator[tuple[str | None, Sequence[Row]]]:
    """Document (None: a person's word) -> clauses that still want it, in the order of the standard."""
    wanted: dict[str | None, list[Row]] = {}
    for row in assessment.catalogue.rows.values():
        if assessment.clauses[row.id].unattested:
            wanted.setdefault(row.document, []).append(row)
    yield from wanted.items()
