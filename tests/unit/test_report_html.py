"""The HTML report as a file: nothing leaves its data block, nothing is loaded, and what hosts said is only text."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import assessments
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rule_cases import PACK, rules

from yiyun.compliance.attestations import Claim
from yiyun.compliance.catalogue import load_catalogue
from yiyun.compliance.difference import Change, Difference
from yiyun.compliance.model import Resource, State, Verdict
from yiyun.compliance.report_html import data_block, render_html
from yiyun.compliance.report_view import view

HOSTILE = (
    "</script><script>alert(1)</script><!--<img src=x onerror=alert(1)> @@script@@ \u202e\x1b[2J\x00\ud800 &lt; '\""
)


class Page(HTMLParser):
    """Elements of a page, and the content of its scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag in self.CDATA_CONTENT_ELEMENTS:
            self.raw.append("")

    def handle_data(self, data):
        if self.cdata_elem:
            self.raw[-1] += data


def shape(page: Page) -> list[tuple[str, dict[str, str | None]]]:
    return [(tag, attributes) for tag, attributes in page.elements if tag != "title"]


def test_what_a_host_says_adds_no_element():
    quiet, loud = Page(render_html(assessments.hostile("quiet"))), Page(render_html(assessments.hostile(HOSTILE)))
    assert shape(quiet) == shape(loud)
    data = json.loads(loud.raw[1])
    (group,) = data["rules"][assessments.FAILING]["groups"]
    shown = HOSTILE.replace("\u202e", "\ufffd").replace("\x1b", "\ufffd").replace("\x00", "\ufffd")
    assert group["message"] == shown.replace("\ud800", "\ufffd")


@given(st.text(alphabet=st.characters(), max_size=60))
@settings(max_examples=200)
def test_a_data_block_holds_any_text(text):
    block = data_block([text])
    assert not set("<>&\u2028\u2029") & set(block)
    assert json.loads(block) == [text]


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render_html(assessments.recorded("debian-12-untouched", "debian-12-hardened")))


def test_the_policy_allows_this_script_and_style_and_nothing_else(page):
    (policy,) = [a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"]
    directives = dict(each.strip().partition(" ")[::2] for each in policy.split(";"))
    style, _, script = page.raw

    def hash_of(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    assert directives == {
        "default-src": "'none'",
        "script-src": hash_of(script),
        "style-src": hash_of(style),
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def test_nothing_is_loaded_and_no_attribute_is_code(page):
    for tag, attributes in page.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "form", "base"}
        assert not {"src", "style", "action", "srcset"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]
        assert attributes.get("href", "#").startswith("#")
    style, _, script = page.raw
    assert not re.search(r"url\(|@import|@font-face", style)
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|\bFunction\(|fetch\(|http", script
    )


def test_both_languages_have_the_same_words(page):
    chinese, english = re.findall(r"^    (?:zh|en): \{\n(.*?)^    \},", page.raw[2], re.MULTILINE | re.DOTALL)
    key = re.compile(r"(?:^|[ {])(\w+): (?=\"|\(|\{)")
    assert sorted(key.findall(chinese)) == sorted(key.findall(english))
    used = set(re.findall(r"\bt\(\"(\w+)\"\)", page.raw[2])) | {
        a["data-t"] for _, a in page.elements if a.get("data-t")
    }
    assert used <= set(key.findall(english))


def test_the_data_says_what_was_judged():
    made = assessments.recorded("debian-12-untouched", "debian-12-hardened")
    data = view(made)
    shown = {
        (rule, data["resources"][place][0]): (group["state"], group["message"])
        for rule, each in data["rules"].items()
        for group in each["groups"]
        for place in group["of"]
    }
    assert shown == {(v.rule, v.resource.host): (v.state.value, v.message) for v in made.result.verdicts}
    clauses = [clause for point in data["points"] for clause in point["clauses"]]
    assert {c["id"]: c["state"] for c in clauses} == {n: c.state.value for n, c in made.clauses.items()}
    assert all(set(c["rules"]) <= data["rules"].keys() for c in clauses)


def test_major_hazards_come_first_and_what_conforms_is_left_out():
    rows = load_catalogue(PACK).rows
    flagged = [row for row in rows.values() if row.major_hazard or row.high_risk_2025]
    listed = view(assessments.recorded("debian-12-untouched"))["risks"]
    assert sorted(listed) == sorted(row.id for row in flagged)
    hazards = [rows[name].major_hazard is not None for name in listed]
    assert hazards == sorted(hazards, reverse=True)
    assert any(hazards)
    assert not all(hazards)
    alone = next(row for row in flagged if row.judged_by == "attestation")
    claim = Claim(alone.id, alone.document, "Li Wei", date.max, "a.yaml:1", None)
    assert alone.id not in view(assessments.of([], [claim]))["risks"]


def test_what_a_person_must_attest_is_listed_until_it_is_attested():
    wanted = {each["document"]: each["clauses"] for each in view(assessments.of([]))["attest"]}
    rows = load_catalogue(PACK).rows
    assert {name for clauses in wanted.values() for name in clauses} == {
        row.id for row in rows.values() if row.judged_by != "rules"
    }
    clause = wanted["fire_inspection"][0]
    claim = Claim(clause, "fire_inspection", "Li Wei", date.max, "a.yaml:1", None)
    left = {each["document"]: each["clauses"] for each in view(assessments.of([], [claim]))["attest"]}
    assert clause not in left.get("fire_inspection", [])
    manual = Verdict(assessments.FAILING, State.MANUAL, Resource(host="a"), "who may?")
    asked = {name for each in view(assessments.of([manual]))["attest"] for name in each["clauses"]}
    assert set(rules()[assessments.FAILING].clauses) <= asked


def test_a_thousand_hosts_that_say_the_same_cost_a_number_each():
    one, thousand = (len(render_html(assessments.many(hosts))) for hosts in (1, 1000))
    verdicts = 1000 * len(assessments.many(1).result.verdicts)
    assert (thousand - one) / verdicts < 40


def test_what_changed_is_shown_where_there_is_something_to_compare_with():
    made = assessments.of([])
    assert view(made)["changes"] is None
    change = Change(assessments.FAILING, Resource(host="a\x1b"), State.FAIL, None)
    compared = Difference("audits/1", new=(), fixed=(), gone=(change,), still_open=(), not_judged=())
    made = replace(made, result=replace(made.result, difference=compared))
    lists = {each["name"]: each["changes"] for each in view(made)["changes"]["lists"]}
    assert lists["gone"] == [[assessments.FAILING, "a\ufffd", "fail", None]]
    assert {name for name, changes in lists.items() if not changes} == {"new", "fixed", "still_open", "not_judged"}


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_all_texts_can_be_read_in_both_themes(page):
    themes = [
        dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root[^{]*\{(.*?)\}", page.raw[0], re.DOTALL)
    ]
    assert len(themes) == 2
    for theme in themes:
        for name in theme.keys() - {"page", "panel", "line"}:
            for ground in ("page", "panel"):
                light, dark = sorted((luminance(theme[name]), luminance(theme[ground])), reverse=True)
                wanted = 3.0 if name == "focus" else 4.5  # WCAG 2.1 AA
                assert (light + 0.05) / (dark + 0.05) >= wanted, (name, ground)
