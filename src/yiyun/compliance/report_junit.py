"""JUnit XML, for CI systems that show test results: one suite per rule."""

import re
from xml.sax.saxutils import escape, quoteattr

from yiyun.compliance.engine import Result
from yiyun.compliance.model import State, Verdict
from yiyun.compliance.report_order import QUIET, grouped
from yiyun.compliance.rule import Rule

# Characters that XML 1.0 cannot hold.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(result: Result, all_verdicts: bool) -> str:
    """A test case per verdict shown; unless all are, one passed case per rule stands for those that hold.

    Fails are failures, not-evaluated ones are errors, manual, waived and not-applicable ones are skipped.
    """
    shown = {rule.id: (rule, verdicts) for rule, verdicts in grouped(result, all_verdicts)}
    quiet: dict[str, int] = {}
    if not all_verdicts:
        for verdict in result.verdicts:
            if verdict.state in QUIET:
                quiet[verdict.rule] = quiet.get(verdict.rule, 0) + 1
    suites: list[str] = []
    totals = [0, 0, 0, 0]
    for rule_id in [*shown, *(name for name in quiet if name not in shown)]:
        rule, verdicts = shown.get(rule_id, (result.rules[rule_id], []))
        cases = [_case(rule, verdict) for verdict in verdicts]
        if quiet.get(rule_id):
            name = f"{quiet[rule_id]} resources pass or are not concerned"
            cases.append(f"<testcase classname={_attribute(rule_id)} name={_attribute(name)}/>")
        counts = [len(cases), *_counts(verdicts)]
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
        suites.append(f"<testsuite name={_attribute(rule_id)} {_numbers(counts)}>\n" + "\n".join(cases))
        suites.append("</testsuite>")
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="yiyun gate" {_numbers(totals)}>\n'
    return head + "\n".join(suites) + "\n</testsuites>\n"


def _counts(verdicts: list[Verdict]) -> list[int]:
    """Failures, errors, skipped."""
    states = [verdict.state for verdict in verdicts]
    skipped = len([s for s in states if s in (State.MANUAL, State.WAIVED, State.NOT_APPLICABLE)])
    return [states.count(State.FAIL), states.count(State.NOT_EVALUATED), skipped]


def _numbers(counts: list[int]) -> str:
    names = ("tests", "failures", "errors", "skipped")
    return " ".join(f'{name}="{count}"' for name, count in zip(names, counts, strict=True))


def _attribute(text: str) -> str:
    return quoteattr(_ILLEGAL.sub("\ufffd", text))


def _case(rule: Rule, verdict: Verdict) -> str:
    resource = verdict.resource
    name = f"{resource.label} {resource.place}" if resource.place != resource.label else resource.label
    head = f"<testcase classname={_attribute(rule.id)} name={_attribute(name.strip())}"
    if resource.file:
        head += f" file={_attribute(resource.file)}" + (f' line="{resource.line}"' if resource.line else "")
    if verdict.state is State.PASS:
        return head + "/>"
    message = _attribute(verdict.message or rule.title_en)
    if verdict.state in (State.MANUAL, State.WAIVED, State.NOT_APPLICABLE):
        return f"{head}><skipped message={message}/></testcase>"
    tag = "failure" if verdict.state is State.FAIL else "error"
    text = _ILLEGAL.sub("\ufffd", escape(f"{rule.sources}\nRemedy: {rule.remediation}"))
    return f'{head}><{tag} type="{rule.severity.value}" message={message}>{text}</{tag}></testcase>'
