"""SARIF 2.1.0, for code hosts that show findings beside the lines."""

import json
from typing import Any
from urllib.parse import quote

from yiyun.compliance.engine import Result
from yiyun.compliance.model import Severity, State, Verdict
from yiyun.compliance.report_order import grouped
from yiyun.compliance.rule import Rule

_LEVEL = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
_KIND = {
    State.PASS: "pass",
    State.FAIL: "fail",
    State.WAIVED: "fail",
    State.MANUAL: "review",
    State.NOT_EVALUATED: "open",
    State.NOT_APPLICABLE: "notApplicable",
}


def render_sarif(result: Result, all_verdicts: bool) -> str:
    """One run with one result per verdict shown; waived ones are suppressed results."""
    rules = sorted(result.rules.values(), key=lambda rule: rule.id)
    index = {rule.id: place for place, rule in enumerate(rules)}
    results = [
        _result(rule, index[rule.id], verdict)
        for rule, verdicts in grouped(result, all_verdicts)
        for verdict in verdicts
    ]
    driver = {
        "name": "yiyun",
        "rules": [_descriptor(rule) for rule in rules],
    }
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "invocations": [{"executionSuccessful": True, "exitCode": result.exit_code}],
                "results": results,
                "properties": {"summary": result.summary(), "notes": list(result.notes)},
            }
        ],
    }
    return json.dumps(log, ensure_ascii=False).encode("utf-8", "replace").decode() + "\n"


def _descriptor(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("_")),
        "shortDescription": {"text": rule.title_en},
        "fullDescription": {"text": rule.rationale},
        "help": {"text": "\n".join([rule.remediation, *(f"See {each}" for each in rule.references)])},
        "defaultConfiguration": {"level": _LEVEL[rule.severity]},
        "properties": {
            "titleZh": rule.title_zh,
            "clauses": list(rule.clauses),
            "baseline": rule.baseline,
            "references": list(rule.references),
            "severity": rule.severity.value,
            "enforcement": rule.enforcement.value,
            "tags": ["security", *rule.clauses],
        },
    }


def _result(rule: Rule, index: int, verdict: Verdict) -> dict[str, Any]:
    kind = _KIND[verdict.state]
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": verdict.resource.label, "kind": "resource"}]
    }
    if verdict.resource.file:
        physical: dict[str, Any] = {"artifactLocation": {"uri": quote(verdict.resource.file)}}
        if verdict.resource.line:
            physical["region"] = {"startLine": verdict.resource.line}
        location["physicalLocation"] = physical
    found: dict[str, Any] = {
        "ruleId": rule.id,
        "ruleIndex": index,
        "kind": kind,
        "level": _LEVEL[rule.severity] if kind == "fail" else "none",
        "message": {"text": (verdict.message or rule.title_en) + verdict.resource.rendering},
        "locations": [location],
        "properties": {"state": verdict.state.value, "resource": verdict.resource.as_json()},
    }
    if verdict.state is State.WAIVED:
        found["suppressions"] = [{"kind": "external", "status": "accepted", "justification": verdict.message}]
    return found
