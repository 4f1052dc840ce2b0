"""The gate on manifests, end to end, and its four reports."""

import json
import xml.etree.ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from yiyun.compliance import gate_manifests, render
from yiyun.compliance.engine import Result, evaluate
from yiyun.compliance.facts import make_object
from yiyun.compliance.gate import refusal
from yiyun.compliance.loader import load_rules
from yiyun.compliance.model import Finding, Resource, State, Verdict
from yiyun.errors import SiteError, UserError
from yiyun.paths import CHECKOUT

PACK = CHECKOUT / "policies" / "mlps3"
CANARY = "canary-7f3a"
MANIFESTS = f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: bad, namespace: hosp-a}}
spec:
  replicas: 2
  template:
    spec:
      hostNetwork: true
      containers:
        - name: app
          image: nginx:latest
          env: [{{name: PASSWORD, value: {CANARY}}}]
          securityContext: {{privileged: true, runAsUser: 0}}
---
apiVersion: v1
kind: Secret
metadata: {{name: "s<&>\\u001b[31m", namespace: hosp-a}}
stringData: {{password: {CANARY}}}
---
apiVersion: v1
kind: Service
metadata: {{name: half, namespace: hosp-a}}
spec: {{type: [{CANARY}]}}
"""


@pytest.fixture
def manifests(tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "all.yaml").write_text(MANIFESTS)
    (tmp_path / "m" / "broken.yaml").write_text("a: [\n")
    (tmp_path / "m" / "values.yaml").write_text("replicas: 3\n")
    return tmp_path / "m"


@pytest.fixture
def result(manifests):
    return gate_manifests([manifests], PACK)


def by_rule(result, rule):
    return [v for v in result.verdicts if v.rule == rule]


def test_verdicts_exit_code_and_notes(result):
    assert result.exit_code == 1
    (privileged,) = by_rule(result, "pod_privileged")
    assert privileged.state is State.FAIL
    assert privileged.resource.line == 1
    assert privileged.resource.place.endswith("all.yaml:1")
    (unread,) = by_rule(result, "input_readable")
    assert unread.state is State.NOT_EVALUATED
    assert {v.state for v in by_rule(result, "service_node_port")} == {State.NOT_EVALUATED}
    assert any("values.yaml:1: not judged" in note for note in result.notes)
    assert any("rules that need a site were not run" in note for note in result.notes)


def test_clean_manifests_pass(tmp_path):
    (tmp_path / "ok.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    assert gate_manifests([tmp_path], PACK).exit_code == 0


def test_only_an_unreadable_part_fails_the_gate(tmp_path):
    (tmp_path / "ok.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n{")
    assert gate_manifests([tmp_path], PACK).exit_code == 1


def test_waivers_are_applied(manifests, tmp_path):
    waivers = tmp_path / "waivers.yaml"
    waivers.write_text(
        "version: 1\nwaivers:\n- {rule: pod_host_network, resource: {kind: Deployment, namespace: hosp-a, name: bad},"
        " owner: ops, reason: test, expires: 2999-01-01}\n"
    )
    result = gate_manifests([manifests], PACK, waivers=waivers)
    assert [v.state for v in by_rule(result, "pod_host_network")] == [State.WAIVED]
    assert "WAIVED  hosp-a/Deployment/bad" in render(result, "text")


def test_bad_input(tmp_path):
    with pytest.raises(UserError, match="no Kubernetes object"):
        gate_manifests([tmp_path], PACK)


def test_site_rules_and_registry_with_a_site(manifests, lab):
    result = gate_manifests([manifests], PACK, site=lab)
    assert by_rule(result, "log_retention")[0].state is State.PASS
    assert by_rule(result, "image_from_site_registry")[0].state is State.FAIL
    assert not any("need a site" in note for note in result.notes)


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit"])
@pytest.mark.parametrize("everything", [False, True])
def test_no_report_quotes_a_value_or_steers_a_terminal(result, form, everything):
    text = render(result, form, everything)
    assert CANARY not in text
    assert "\x1b" not in text
    assert "pod_privileged" in text


def test_text_says_rule_clause_resource_and_remedy(result):
    text = render(result, "text")
    start = text.index("CRITICAL  pod_privileged")
    block = text[start : text.index("\n\n", start)]
    assert "kubernetes-pss-baseline:privileged-containers" in block
    assert "hosp-a/Deployment/bad" in block
    assert "all.yaml:1" in block
    assert "container app is privileged" in block
    assert "Remedy: Remove securityContext.privileged" in block
    assert "8.1.3.1-a, 8.2.3.1-a" in text
    assert "gate: FAILED" in text
    assert text.index("pod_privileged") < text.index("pod_privilege_escalation") < text.index("image_digest")


def test_json_is_as_published(result):
    schema = json.loads((CHECKOUT / "docs/schemas/findings.json").read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for everything in (False, True):
        report = json.loads(render(result, "json", everything))
        validator.validate(report)
        assert report["summary"] == result.summary()
        states = {finding["state"] for finding in report["findings"]}
        assert ("pass" in states) is everything
    assert len(report["findings"]) == len(result.verdicts)
    assert not list(validator.iter_errors(json.loads(render(evaluate([], []), "json"))))
    report["findings"][0]["state"] = "fine"
    assert list(validator.iter_errors(report))


def test_reports_name_the_documents_of_a_rule(result):
    failed = next(rule for rule in result.rules.values() if rule.references)
    found = [each for each in json.loads(render(result, "json"))["findings"] if each["rule"] == failed.id]
    assert all(each["references"] == list(failed.references) for each in found)
    described = json.loads(render(result, "sarif"))["runs"][0]["tool"]["driver"]["rules"]
    help_text = next(each["help"]["text"] for each in described if each["id"] == failed.id)
    assert f"See {failed.references[0]}" in help_text


def test_sarif(result):
    log = json.loads(render(result, "sarif"))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(ids) == len(set(ids))
    for found in run["results"]:
        assert ids[found["ruleIndex"]] == found["ruleId"]
        assert found["level"] in ("none", "note", "warning", "error")
        assert (found["kind"] == "fail") == (found["level"] != "none")
        assert found["message"]["text"]
    kinds = {found["ruleId"]: found["kind"] for found in run["results"]}
    assert kinds["pod_privileged"] == "fail"
    assert kinds["input_readable"] == "open"
    place = next(f for f in run["results"] if f["ruleId"] == "secret_inline")["locations"][0]["physicalLocation"]
    assert place["region"]["startLine"] == 15
    assert place["artifactLocation"]["uri"].endswith("m/all.yaml")


def test_junit(result):
    for everything in (False, True):
        root = ET.fromstring(render(result, "junit", everything))  # noqa: S314 (our own output)
        suites = {suite.get("name"): suite for suite in root}
        assert suites["pod_privileged"].find("testcase/failure").get("type") == "critical"
        assert suites["input_readable"].find("testcase/error") is not None
        for suite in root:
            assert int(suite.get("tests")) == len(suite.findall("testcase"))
        assert int(root.get("failures")) == result.summary()["fail"]
        assert int(root.get("errors")) == result.summary()["not_evaluated"]
        assert sum(int(suite.get("tests")) for suite in root) == int(root.get("tests"))
    assert int(root.get("tests")) == len(result.verdicts)


def test_an_unknown_format_is_bad_input(result):
    with pytest.raises(UserError, match="html"):
        render(result, "html")


def test_states_in_every_report():
    rules = {rule.id: rule for rule in load_rules(PACK)}
    resource = Resource("v1", "Pod", "n", "p", urn="urn:pulumi:x")
    verdicts = [Verdict("pod_privileged", state, resource, "m", (Finding("m", "p", 1),)) for state in State]
    result = Result(rules, verdicts)
    assert {f["state"] for f in json.loads(render(result, "json", True))["findings"]} == set(State)
    kinds = [f["kind"] for f in json.loads(render(result, "sarif", True))["runs"][0]["results"]]
    assert sorted(kinds) == ["fail", "fail", "notApplicable", "open", "pass", "review"]
    assert "urn:pulumi:x" in render(result, "text", True)
    suite = ET.fromstring(render(result, "junit", True))[0]  # noqa: S314 (our own output)
    assert suite.get("skipped") == "3"


def test_text_that_no_encoding_takes():
    rules = load_rules(PACK)
    verdicts = [Verdict("pod_privileged", State.FAIL, Resource("v1", "Pod", "n", "\ud800\x00"), "m\ud800\x01")]
    result = Result({rule.id: rule for rule in rules}, verdicts)
    for form in ("text", "json", "sarif", "junit"):
        render(result, form).encode()
    ET.fromstring(render(result, "junit"))  # noqa: S314 (our own output)


def test_a_refused_site_is_the_finding_it_stands_for():
    rules = load_rules(PACK)
    error = SiteError("inventories/lab/site.yaml:120: pool archive: 2+2 shards over 3 zones", "ceph_pool_layout")
    result = refusal(error, rules)
    (verdict,) = result.verdicts
    assert (verdict.rule, verdict.state, result.exit_code) == ("ceph_pool_layout", State.FAIL, 1)
    assert (verdict.resource.file, verdict.resource.line) == ("inventories/lab/site.yaml", 120)
    assert verdict.message == "pool archive: 2+2 shards over 3 zones"
    assert "Spread the pool over more failure domains" in render(result, "text")
    assert refusal(SiteError("x:1: typo"), rules) is None
    assert refusal(SiteError("x:1: typo", "no_such_rule"), rules) is None


def test_judging_takes_time_in_proportion_to_the_input():
    """Thousands of budgets and deployments in one namespace: pairs would take minutes."""

    def objects(n):
        for i in range(n):
            labels = {"app": f"a{i}"}
            meta = {"name": f"x{i}", "namespace": "one"}
            yield make_object(
                {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta,
                 "spec": {"selector": {"matchLabels": labels}}}
            )  # fmt: skip
            spec = {
                "replicas": 2,
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a"}]}},
            }
            yield make_object({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec})

    rules = [rule for rule in load_rules(PACK) if rule.id == "workload_disruption_budget"]
    result = evaluate(rules, objects(4000))
    assert result.summary()["pass"] == 4000
