"""Renders an audit in every form that there is. The gate's forms, which need less, are in `reports`."""

from collections.abc import Callable

from yiyun.compliance.assessment import Assessment
from yiyun.compliance.report_audit import render_audit
from yiyun.compliance.report_html import render_html
from yiyun.compliance.report_oscal import render_oscal
from yiyun.compliance.report_xlsx import render_xlsx
from yiyun.compliance.reports import render

FILES: dict[str, str] = {
    "text": "report.txt",
    "html": "report.html",
    "xlsx": "report.xlsx",
    "json": "findings.json",
    "sarif": "report.sarif",
    "junit": "report.junit.xml",
    "oscal": "report.oscal.json",
}
"""Form -> the file that `audit --out` writes it to."""
_WHOLE: dict[str, Callable[[Assessment], str | bytes]] = {
    "html": render_html,
    "xlsx": render_xlsx,
    "oscal": render_oscal,
}
"""Those that always hold every verdict."""


def render_assessment(assessment: Assessment, form: str, all_verdicts: bool) -> bytes:
    """The report in a form of FILES. `all_verdicts`: also what passes, in forms that leave it out otherwise."""
    if form in _WHOLE:
        made = _WHOLE[form](assessment)
    elif form == "text":
        made = render_audit(assessment, all_verdicts)
    else:
        made = render(assessment.result, form, all_verdicts=all_verdicts)
    return made if isinstance(made, bytes) else made.encode("utf-8", "replace")
