"""The clauses of a catalogue after an audit: as text for people, as JSON for programs."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from yiyun.compliance.catalogue import Catalogue, Row
from yiyun.compliance.clauses import ClauseState, ClauseVerdict
from yiyun.compliance.model import State

SCHEMA = "yiyun.clauses/1"
_BAD = (ClauseState.DOES_NOT_CONFORM, ClauseState.PARTLY_CONFORMS)


def render_clauses(catalogue: Catalogue, clauses: Mapping[str, ClauseVerdict]) -> str:
    """Number of clauses in each state, then those of the 2025 risk lists that do not conform, major hazards first."""
    counts = Counter(verdict.state for verdict in clauses.values())
    lines = ["clauses: " + ", ".join(f"{state.zh} {counts[state]}" for state in ClauseState)]
    lines += _listed(catalogue, clauses)
    return "\n".join(lines) + "\n"


def _listed(catalogue: Catalogue, clauses: Mapping[str, ClauseVerdict]) -> Iterator[str]:
    risky = [row for row in catalogue.rows.values() if row.major_hazard or row.high_risk_2025]
    for row in sorted(risky, key=lambda row: row.major_hazard is None):
        verdict = clauses[row.id]
        if verdict.state in _BAD:
            yield f"  {_flag(row)} {row.id} {verdict.state.zh} {row.title_zh} / {row.title_en}: {', '.join(_failing(verdict))}"
    unchecked = Counter(clauses[row.id].state for row in risky)[ClauseState.NOT_CHECKED]
    yield f"  of {len(risky)} clauses on the 2025 risk lists {unchecked} are not fully checked by what was run"


def _flag(row: Row) -> str:
    return f"重大风险隐患 {row.major_hazard}" if row.major_hazard else f"高风险 {row.high_risk_2025}"


def _failing(verdict: ClauseVerdict) -> list[str]:
    return [name for name, counts in verdict.rules.items() if counts.get(State.FAIL) or counts.get(State.WAIVED)]


def clauses_json(clauses: Mapping[str, ClauseVerdict]) -> str:
    """All clauses as `yiyun.clauses/1`, in the order of the standard."""
    return json.dumps(
        {"schema": SCHEMA, "clauses": [_one(each) for each in clauses.values()]}, ensure_ascii=False, indent=1
    )


def _one(verdict: ClauseVerdict) -> dict[str, Any]:
    return {
        "clause": verdict.clause,
        "state": verdict.state.value,
        "counts": {state.value: count for state, count in verdict.counts.items()},
        "rules": {name: {s.value: n for s, n in counts.items()} for name, counts in verdict.rules.items()},
        "attested": verdict.attestation.place if verdict.attestation else None,
        "reasons": list(verdict.reasons),
    }
