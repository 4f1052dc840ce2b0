"""OSCAL assessment-results, for programs of governance: a finding per clause, an observation per thing that was seen.

OSCAL's words cannot start with a digit, so a clause is the control `gbt22239-<clause>`; its evaluation unit of
GB/T 28448 is the objective. Only 符合 is `satisfied`: OSCAL knows no other word for what was not checked or does not
apply, so the property `conformity` says which it is. All identifiers follow from the content: the same evidence gives
the same file.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from yiyun.compliance.assessment import Assessment, Group, groups
from yiyun.compliance.attestations import Claim
from yiyun.compliance.catalogue import Row
from yiyun.compliance.clauses import ClauseState, ClauseVerdict
from yiyun.compliance.model import Finding, Resource, State
from yiyun.compliance.rule import Rule
from yiyun.printable import printable

OSCAL_VERSION = "1.2.3"
NAMESPACE = "urn:yiyun:oscal"
"""Of the properties that are yiyun's own."""
_REASON = {
    ClauseState.CONFORMS: "pass",
    ClauseState.DOES_NOT_CONFORM: "fail",
    ClauseState.PARTLY_CONFORMS: "fail",
    ClauseState.NOT_CHECKED: "other",
    ClauseState.NOT_APPLICABLE: "other",
}


def render_oscal(assessment: Assessment) -> str:
    """The document, JSON in one line."""
    document = {"assessment-results": _Document(assessment).content()}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def control_id(row: Row) -> str:
    """OSCAL's identifier of a clause."""
    return f"gbt22239-{row.id}"


class _Document:
    """One document while it is made: it knows the identifiers."""

    def __init__(self, assessment: Assessment) -> None:
        self.assessment = assessment
        self.taken = assessment.taken or datetime.now(UTC).isoformat(timespec="seconds")
        self.root = _named(uuid5(NAMESPACE_URL, NAMESPACE), (assessment.site, self.taken))

    def content(self) -> dict[str, Any]:
        plan = self._id("plan")
        return {
            "uuid": str(self.root),
            "metadata": {
                "title": _line(f"MLPS level 3 audit {self.assessment.site}"),
                "last-modified": self.taken,
                "version": self.taken,
                "oscal-version": OSCAL_VERSION,
            },
            "import-ap": {"href": f"#{plan}"},
            "results": [self._result()],
            "back-matter": {
                "resources": [
                    {
                        "uuid": plan,
                        "title": "Assessment plan",
                        "description": "The rules and the catalogue of yiyun's policy pack; there is no OSCAL document of them.",
                    }
                ]
            },
        }

    def _result(self) -> dict[str, Any]:
        rolled = groups(self.assessment.result)
        clauses = self.assessment.clauses
        claims = {each.attestation: None for each in clauses.values() if each.attestation is not None}
        observations = [
            *(
                self._observation(self.assessment.result.rules[rule], group)
                for rule in rolled
                for group in rolled[rule]
            ),
            *(self._attested(claim) for claim in claims),
        ]
        result: dict[str, Any] = {
            "uuid": self._id("result"),
            "title": "Clauses of GB/T 22239-2019 level 3",
            "description": "Verdicts of rules on what was read, and documents that persons attest, rolled up to clauses.",
            "start": self.taken,
            "reviewed-controls": {
                "control-selections": [
                    {
                        "include-controls": [
                            {"control-id": control_id(row)} for row in self.assessment.catalogue.rows.values()
                        ]
                    }
                ]
            },
        }
        resources = {resource: None for of in rolled.values() for group in of for resource in group.resources}
        if resources:
            result["local-definitions"] = {"inventory-items": [self._item(resource) for resource in resources]}
        if observations:
            result["observations"] = observations
        result["findings"] = [
            self._finding(row, clauses[row.id], rolled) for row in self.assessment.catalogue.rows.values()
        ]
        return result

    def _item(self, resource: Resource) -> dict[str, Any]:
        known = {name: value for name, value in resource.as_json().items() if value is not None}
        return {
            "uuid": self._resource_id(resource),
            "description": _line(resource.label),
            "props": [_property(name, str(value)) for name, value in known.items()] or [_property("unnamed", "true")],
        }

    def _observation(self, rule: Rule, group: Group) -> dict[str, Any]:
        made: dict[str, Any] = {
            "uuid": self._observation_id(rule.id, group),
            "title": _line(rule.title_en),
            "description": _line(group.message or rule.title_en),
            "props": [
                _property("rule", rule.id),
                _property("verdict", group.state.value),
                _property("severity", rule.severity.value),
                _property("enforcement", rule.enforcement.value),
            ],
            "methods": ["TEST"],
            "types": ["finding" if group.state in (State.FAIL, State.WAIVED) else "control-objective"],
            "subjects": [
                {"subject-uuid": self._resource_id(resource), "type": "inventory-item"} for resource in group.resources
            ],
            "collected": self.taken,
        }
        if group.evidence:
            made["relevant-evidence"] = [_evidence(finding) for finding in group.evidence]
        return made

    def _attested(self, claim: Claim) -> dict[str, Any]:
        return {
            "uuid": self._claim_id(claim),
            "description": _line(f"{claim.document}, attested by {claim.who} until {claim.until}"),
            "methods": ["EXAMINE"],
            "types": ["control-objective"],
            "relevant-evidence": [{"description": _line(claim.place)}],
            "collected": self.taken,
        }

    def _finding(self, row: Row, verdict: ClauseVerdict, rolled: dict[str, list[Group]]) -> dict[str, Any]:
        target: dict[str, Any] = {
            "type": "objective-id",
            "target-id": row.unit,
            "status": {
                "state": "satisfied" if verdict.state is ClauseState.CONFORMS else "not-satisfied",
                "reason": _REASON[verdict.state],
            },
        }
        if verdict.state is ClauseState.NOT_APPLICABLE:
            target["implementation-status"] = {"state": "not-applicable"}
        finding: dict[str, Any] = {
            "uuid": self._id("finding", row.id),
            "title": _line(f"{row.id} {row.title_zh} / {row.title_en}"),
            "description": _line(row.requirement_en),
            "props": list(_clause_properties(row, verdict)),
            "target": target,
        }
        related = [self._observation_id(rule, group) for rule in verdict.rules for group in rolled.get(rule, ())]
        if verdict.attestation is not None:
            related.append(self._claim_id(verdict.attestation))
        if related:
            finding["related-observations"] = [{"observation-uuid": each} for each in related]
        if verdict.reasons:
            finding["remarks"] = "; ".join(_line(reason) for reason in verdict.reasons)
        return finding

    def _observation_id(self, rule: str, group: Group) -> str:
        return self._id("observation", rule, group.state.value, group.message, repr(group.evidence))

    def _claim_id(self, claim: Claim) -> str:
        return self._id("claim", claim.place, claim.clause)

    def _resource_id(self, resource: Resource) -> str:
        return self._id("resource", *map(str, resource))

    def _id(self, *parts: str) -> str:
        return str(_named(self.root, parts))


def _named(root: UUID, parts: Sequence[str]) -> UUID:
    return uuid5(root, json.dumps(parts))


def _clause_properties(row: Row, verdict: ClauseVerdict) -> Iterator[dict[str, str]]:
    yield _property("clause", row.id)
    yield _property("control", control_id(row))
    yield _property("conformity", verdict.state.value)
    yield _property("conformity-zh", verdict.state.zh)
    if row.major_hazard:
        yield _property("major-hazard-2025", row.major_hazard)
    if row.high_risk_2025:
        yield _property("high-risk-2025", row.high_risk_2025)
    if verdict.unattested:
        yield _property("attestation-wanted", row.document or "person")


def _property(name: str, value: str) -> dict[str, str]:
    return {"name": name, "ns": NAMESPACE, "value": _line(value)}


def _evidence(finding: Finding) -> dict[str, Any]:
    if not finding.path:
        return {"description": _line(finding.message)}
    found = finding.path if finding.value is None else f"{finding.path} = {finding.value}"
    return {"description": _line(finding.message), "props": [_property("fact", found)]}


def _line(text: str) -> str:
    """One line without spaces at its ends, and never an empty one: OSCAL's strings are such."""
    return " ".join(printable(text).split()) or "-"
