"""Renders a result as text, JSON, SARIF or JUnit XML."""

from collections.abc import Callable

from yiyun.compliance.engine import Result
from yiyun.compliance.report_json import render_json
from yiyun.compliance.report_junit import render_junit
from yiyun.compliance.report_sarif import render_sarif
from yiyun.compliance.report_text import render_text
from yiyun.errors import UserError

FORMATS: dict[str, Callable[[Result, bool], str]] = {
    "text": render_text,
    "json": render_json,
    "sarif": render_sarif,
    "junit": render_junit,
}


def render(result: Result, form: str, all_verdicts: bool = False) -> str:
    """Render a result. Findings leave out pass and not-applicable unless `all_verdicts`; every format counts all.

    Raises UserError for a format that does not exist.
    """
    if form not in FORMATS:
        raise UserError(f"report format {form!r} does not exist; there are {', '.join(FORMATS)}")
    return FORMATS[form](result, all_verdicts)
