"""The clauses of a catalogue after an audit, as JSON for programs."""

import json
from collections.abc import Mapping
from typing import Any

from yiyun.compliance.clauses import ClauseVerdict

SCHEMA = "yiyun.clauses/1"


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
