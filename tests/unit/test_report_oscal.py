"""OSCAL assessment-results: clauses and verdicts as they are, no reference leads nowhere, nothing changes by itself.

NIST's own schema is asked in tests/oscal.
"""

import json
import re
from collections import Counter
from datetime import date
from typing import Any

import assessments
import pytest

from yiyun.compliance.attestations import Claim
from yiyun.compliance.model import Resource, State, Verdict
from yiyun.compliance.report_oscal import control_id, render_oscal

TOKEN = re.compile(r"[^\W\d][\w.-]*")
LINE = re.compile(r"\S(.*\S)?")


def content(made) -> dict[str, Any]:
    return json.loads(render_oscal(made))["assessment-results"]


def given(node: Any) -> Counter[str]:
    """All identifiers that a document gives."""
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    own = [node["uuid"]] if isinstance(node, dict) and "uuid" in node else []
    return sum((given(child) for child in children), Counter(own))


def texts(node: Any):
    if isinstance(node, str):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from texts(child)


def properties(each: dict[str, Any]) -> dict[str, str]:
    return {prop["name"]: prop["value"] for prop in each["props"]}


def test_a_finding_says_what_its_clause_is():
    made = assessments.recorded("debian-12-hardened")
    (result,) = content(made)["results"]
    said = {properties(f)["clause"]: (properties(f)["conformity"], f["target"]) for f in result["findings"]}
    assert {name: state for name, (state, _) in said.items()} == {n: c.state.value for n, c in made.clauses.items()}
    for name, (state, target) in said.items():
        assert target["target-id"] == made.catalogue.rows[name].unit
        assert (target["status"]["state"] == "satisfied") == (state == "conforms"), name
    selected = result["reviewed-controls"]["control-selections"][0]["include-controls"]
    controls = [each["control-id"] for each in selected]
    assert controls == [control_id(row) for row in made.catalogue.rows.values()]
    assert all(TOKEN.fullmatch(each) for each in controls)


def test_observations_are_the_verdicts():
    made = assessments.recorded("debian-12-untouched", "debian-12-hardened")
    (result,) = content(made)["results"]
    hosts = {item["uuid"]: properties(item)["host"] for item in result["local-definitions"]["inventory-items"]}
    seen = {
        (properties(each)["rule"], hosts[subject["subject-uuid"]], properties(each)["verdict"])
        for each in result["observations"]
        for subject in each["subjects"]
    }
    assert seen == {(v.rule, v.resource.host, v.state.value) for v in made.result.verdicts}


@pytest.mark.parametrize("state", State)
def test_only_what_conforms_is_satisfied(state):
    made = assessments.of([Verdict(assessments.FAILING, state, Resource(host="a"))])
    (result,) = content(made)["results"]
    satisfied = {properties(f)["clause"] for f in result["findings"] if f["target"]["status"]["state"] == "satisfied"}
    assert satisfied == {name for name, verdict in made.clauses.items() if verdict.state.value == "conforms"}


def test_every_reference_leads_somewhere():
    claim = Claim("8.1.1.5-a", "fire_inspection", "Li Wei", date(2027, 1, 1), "a.yaml:1", None)
    text = render_oscal(assessments.of(assessments.recorded("debian-12-untouched").result.verdicts, [claim]))
    whole = json.loads(text)
    counted = given(whole)
    assert set(counted.values()) == {1}
    referred = set(re.findall(r'"(?:subject|observation)-uuid":"([^"]+)"', text)) | set(re.findall(r'"#([^"]+)"', text))
    assert referred
    assert referred <= counted.keys()
    assert any("Li Wei" in each["description"] for each in whole["assessment-results"]["results"][0]["observations"])


def test_the_same_evidence_gives_the_same_file():
    assert render_oscal(assessments.recorded("debian-12-hardened")) == render_oscal(
        assessments.recorded("debian-12-hardened")
    )


@pytest.mark.parametrize("text", ["", " ", "a\nb\x1b[2J\ud800\u202e", "</script>", '"'])
def test_any_text_becomes_one_line(text):
    found = list(texts(content(assessments.hostile(text))))
    assert all(LINE.fullmatch(each) for each in found)
    assert not {"\x1b", "\ud800", "\u202e"} & set("".join(found))
