"""The data inside the HTML report: everything that its script shows, each text once.

Rules name resources by their place in `resources`; clauses name rules by id. All texts are printable already; that they
are no markup is the page's own promise (it writes them as text) and `report_html`'s (no `<` leaves it unescaped).
"""

from typing import Any

from yiyun.compliance.assessment import Assessment, Group, groups, risks, to_attest
from yiyun.compliance.catalogue import Row
from yiyun.compliance.clauses import point_state
from yiyun.compliance.difference import Difference
from yiyun.compliance.model import Finding, Resource
from yiyun.compliance.rule import Rule
from yiyun.printable import printable


def view(assessment: Assessment) -> dict[str, Any]:
    """The report as plain JSON data."""
    rolled = groups(assessment.result)
    places: dict[Resource, int] = {}
    for of_rule in rolled.values():
        for group in of_rule:
            for resource in group.resources:
                places.setdefault(resource, len(places))
    judging: dict[str, list[str]] = {}
    for name in rolled:
        for clause in assessment.result.rules[name].clauses:
            judging.setdefault(clause, []).append(name)
    return {
        "site": printable(assessment.site),
        "taken": assessment.taken,
        "objects": assessment.result.objects,
        "notes": [printable(note) for note in assessment.result.notes],
        "resources": [_resource(resource) for resource in places],
        "documents": {
            name: {"zh": each.title_zh, "en": each.title_en, "fields": list(each.fields.values())}
            for name, each in assessment.catalogue.documents.items()
        },
        "points": [
            {
                "id": point.clause,
                "zh": point.title_zh,
                "en": point.title_en,
                "domain": {"zh": domain.title_zh, "en": domain.title_en},
                "state": point_state([assessment.clauses[row.id].state for row in point.items]).value,
                "clauses": [_clause(row, assessment, judging.get(row.id, [])) for row in point.items],
            }
            for domain in assessment.catalogue.domains
            for point in domain.points
        ],
        "rules": {
            name: _rule(assessment.result.rules[name], of_rule, places, assessment) for name, of_rule in rolled.items()
        },
        "changes": _changes(assessment.result.difference),
        "risks": [row.id for row in risks(assessment)],
        "attest": [
            {"document": document, "clauses": [row.id for row in rows]} for document, rows in to_attest(assessment)
        ],
    }


def _changes(difference: Difference | None) -> dict[str, Any] | None:
    """What changed since an earlier audit, by list; None where it was compared with none."""
    if difference is None:
        return None
    return {
        "since": printable(difference.since),
        "lists": [
            {
                "name": name,
                "changes": [
                    [
                        change.rule,
                        printable(change.resource.label),
                        change.was and change.was.value,
                        change.now and change.now.value,
                    ]
                    for change in changes
                ],
            }
            for name, changes in difference.lists()
        ],
    }


def _resource(resource: Resource) -> list[str]:
    """Label, and the place where it stands if that says more."""
    return [printable(resource.label), printable(resource.place) if resource.place != resource.label else ""]


def _clause(row: Row, assessment: Assessment, rules: list[str]) -> dict[str, Any]:
    verdict = assessment.clauses[row.id]
    claim = verdict.attestation
    return {
        "id": row.id,
        "unit": row.unit,
        "zh": row.title_zh,
        "en": row.title_en,
        "requirement": {"zh": row.requirement_zh, "en": row.requirement_en},
        "state": verdict.state.value,
        "hazard": row.major_hazard,
        "risk": row.high_risk_2025,
        "scope": row.high_risk_scope,
        "document": row.document,
        "claim": claim and {"who": printable(claim.who), "until": str(claim.until), "place": printable(claim.place)},
        "reasons": [printable(reason) for reason in verdict.reasons],
        "rules": rules,
    }


def _rule(rule: Rule, of_rule: list[Group], places: dict[Resource, int], assessment: Assessment) -> dict[str, Any]:
    return {
        "zh": rule.title_zh,
        "en": rule.title_en,
        "severity": rule.severity.value,
        "enforcement": rule.enforcement.value,
        "rationale": rule.rationale,
        "remediation": rule.remediation,
        "references": list(rule.references),
        "sources": rule.sources,
        "listed": any(clause in assessment.clauses for clause in rule.clauses),
        "groups": [
            {
                "state": group.state.value,
                "message": printable(group.message),
                "evidence": [_evidence(finding) for finding in group.evidence],
                "of": [places[resource] for resource in group.resources],
            }
            for group in of_rule
        ],
    }


def _evidence(finding: Finding) -> str:
    """`path = value`, or the message where it has no path."""
    if not finding.path:
        return printable(finding.message)
    return printable(finding.path if finding.value is None else f"{finding.path} = {finding.value}")
