"""The report for people who read it on a screen or on paper: one HTML file that loads nothing.

What hosts said is hostile. It enters the page as JSON in a data block, in which no `<` stands, and the page's script
shows it as text only. The policy in the page's head allows this one script and this one style sheet by their hashes,
and no request of any kind.
"""

import base64
import hashlib
import json
from html import escape
from importlib.resources import files

from yiyun.compliance.assessment import Assessment
from yiyun.compliance.report_view import view
from yiyun.printable import printable

_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def render_html(assessment: Assessment) -> str:
    """The whole page."""
    script, style = _asset("report.js"), _asset("report.css")
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    parts = {
        "policy": escape(policy),
        "title": escape(f"等级保护三级核查报告 {printable(assessment.site)}".strip()),
        "style": style,
        "data": data_block(view(assessment)),
        "script": script,
    }
    head, *rest = _asset("report.html").split("@@")
    # Names and texts take turns; a part that was put in is never looked through again.
    return head + "".join(parts[text] if place % 2 == 0 else text for place, text in enumerate(rest))


def data_block(data: object) -> str:
    """JSON that can stand inside a script element: nothing in it ends the element or begins a comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for character, escaped in _UNSAFE.items():
        text = text.replace(character, escaped)
    return text


def _asset(name: str) -> str:
    return (files("yiyun.compliance") / "html" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
