"""The report for programs: `yiyun.findings/1`, published in docs/schemas/findings.json."""

import json
from typing import TYPE_CHECKING, Any

from yiyun.compliance.engine import Result
from yiyun.compliance.model import Verdict
from yiyun.compliance.report_order import grouped
from yiyun.compliance.rule import Rule

if TYPE_CHECKING:
    from yiyun.compliance.difference import Difference

SCHEMA = "yiyun.findings/1"


def render_json(result: Result, all_verdicts: bool) -> str:
    """One finding a line, so that reports can be compared line by line."""
    findings = [
        json.dumps(_finding(rule, verdict), ensure_ascii=False, separators=(", ", ": "))
        for rule, verdicts in grouped(result, all_verdicts)
        for verdict in verdicts
    ]
    about: dict[str, Any] = {"schema": SCHEMA, "summary": result.summary()}
    if result.difference is not None:
        about["difference"] = _difference(result.difference)
    head = json.dumps(about, ensure_ascii=False)
    body = ",\n  ".join(findings)
    text = f'{head[:-1]}, "findings": [\n  {body}\n]}}\n' if findings else f'{head[:-1]}, "findings": []}}\n'
    return text.encode("utf-8", "replace").decode()  # a lone surrogate from a JSON escape is no text


def _difference(difference: "Difference") -> dict[str, Any]:
    lists = {
        name: [
            {
                "rule": change.rule,
                "resource": change.resource.as_json(),
                "was": change.was and change.was.value,
                "now": change.now and change.now.value,
            }
            for change in changes
        ]
        for name, changes in difference.lists()
    }
    return {"since": difference.since, **lists}


def _finding(rule: Rule, verdict: Verdict) -> dict[str, Any]:
    return {
        "rule": rule.id,
        "clauses": list(rule.clauses),
        "state": verdict.state.value,
        "severity": rule.severity.value,
        "enforcement": rule.enforcement.value,
        "resource": verdict.resource.as_json(),
        "message": verdict.message,
        "remediation": rule.remediation,
        "references": list(rule.references),
        "evidence": [{"path": item.path, "value": item.value, "message": item.message} for item in verdict.evidence],
    }
