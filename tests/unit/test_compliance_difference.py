"""The difference of two audits: every finding stands in one list, and nothing counts as fixed without proof."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from rule_cases import rules

from yiyun.compliance.difference import difference, read_findings
from yiyun.compliance.engine import INPUT_READABLE, Result
from yiyun.compliance.model import Resource, State, Verdict
from yiyun.compliance.report_json import render_json
from yiyun.compliance.report_order import QUIET
from yiyun.errors import UserError
from yiyun.paths import CHECKOUT

SCHEMA = json.loads((CHECKOUT / "docs" / "schemas" / "findings.json").read_text())
KNOWN = {**rules(), INPUT_READABLE.id: INPUT_READABLE}
HOST, OTHER = Resource(host="az1-01"), Resource(host="az1-02")
LIVE = Resource("v1", "Pod", "a", "web")
WRITTEN = LIVE._replace(urn="urn:pulumi:lab::x")
RULE, ON_PODS = "sshd_root_login", "pod_privileged"
BOTH = ("cluster", "stacks")


def result(*verdicts, known=KNOWN):
    return Result(known, [Verdict(name, State(state), resource) for name, resource, state in verdicts])


@pytest.fixture
def compare(tmp_path):
    def run(earlier, now, looked_at=BOTH, known=KNOWN):
        path = tmp_path / "findings.json"
        path.write_text(render_json(result(*earlier), all_verdicts=False))
        found = difference("audits/then", read_findings(path), result(*now, known=known), looked_at)
        return {name: changes for name, changes in found.lists() if changes}

    return run


@pytest.mark.parametrize(
    ("was", "now", "name"),
    [
        ("pass", "fail", "new"),
        (None, "fail", "new"),
        ("pass", "not_evaluated", "new"),
        ("fail", "fail", "still_open"),
        ("fail", "not_evaluated", "still_open"),
        ("not_evaluated", "fail", "still_open"),
        ("fail", "waived", "still_open"),
        ("manual", "manual", "still_open"),
        ("fail", "pass", "fixed"),
        ("not_evaluated", "not_applicable", "fixed"),
        ("fail", None, "not_judged"),
        ("pass", "pass", None),
        ("pass", None, None),
    ],
)
def test_one_finding_of_a_host(compare, was, now, name):
    found = compare([(RULE, HOST, was)] if was else [], [(RULE, HOST, now)] if now else [])
    assert list(found) == ([name] if name else [])
    if name:
        (change,) = found[name]
        assert (change.rule, change.resource) == (RULE, HOST)
        assert change.was == (was if was != "pass" else None)
        assert change.now == now


def test_hosts_rules_and_what_is_written_are_told_apart(compare):
    found = compare(
        [(RULE, HOST, "fail"), (ON_PODS, LIVE, "fail"), (ON_PODS, WRITTEN, "pass")],
        [(RULE, OTHER, "fail"), (RULE, HOST, "pass"), (ON_PODS, LIVE, "pass"), (ON_PODS, WRITTEN, "fail")],
    )
    assert {change.resource for change in found["new"]} == {OTHER, WRITTEN}
    assert {change.resource for change in found["fixed"]} == {HOST, LIVE}


@pytest.mark.parametrize(
    ("resource", "looked_at", "name"),
    [
        (LIVE, ("cluster",), "gone"),
        (LIVE, ("stacks",), "not_judged"),
        (LIVE, (), "not_judged"),
        (WRITTEN, ("stacks",), "gone"),
        (WRITTEN, ("cluster",), "not_judged"),
        (Resource(site="lab", file="cluster"), ("cluster",), "gone"),
        (Resource(site="lab", file="cluster"), ("stacks",), "not_judged"),
        (HOST, BOTH, "not_judged"),
        (Resource(site="lab", file="/x/site.yaml"), BOTH, "not_judged"),
    ],
)
def test_what_has_no_verdict_now_is_gone_only_where_somebody_looked(compare, resource, looked_at, name):
    assert list(compare([(ON_PODS, resource, "fail")], [], looked_at)) == [name]


def test_a_kind_that_may_not_be_read_now_hides_nothing(compare):
    unread = Resource("", "Pod")
    found = compare([(ON_PODS, LIVE, "fail")], [(ON_PODS, unread, "not_evaluated")])
    assert {name: len(changes) for name, changes in found.items()} == {"new": 1, "not_judged": 1}


def test_a_rule_that_is_not_run_any_more_hides_nothing(compare):
    without = {name: rule for name, rule in KNOWN.items() if name != ON_PODS}
    assert list(compare([(ON_PODS, LIVE, "fail")], [], known=without)) == ["not_judged"]


def test_version_line_and_checkout_do_not_matter(compare):
    site = Resource(site="lab", file="/old/site.yaml", line=7)
    found = compare(
        [(RULE, site, "fail"), (ON_PODS, Resource("apps/v1beta1", "Deployment", "a", "d"), "fail")],
        [
            (RULE, site._replace(file="/new/site.yaml", line=9), "fail"),
            (ON_PODS, Resource("apps/v1", "Deployment", "a", "d"), "fail"),
        ],
    )
    assert list(found) == ["still_open"]
    other_group = [(ON_PODS, Resource("other.io/v1", "Deployment", "a", "d"), "fail")]
    assert set(compare([(ON_PODS, Resource("apps/v1", "Deployment", "a", "d"), "fail")], other_group)) == {
        "new",
        "gone",
    }


def test_of_two_verdicts_on_one_resource_the_worse_counts(compare):
    for states in (("fail", "pass"), ("pass", "fail")):
        assert list(compare([(RULE, HOST, "fail")], [(RULE, HOST, state) for state in states])) == ["still_open"]


states = st.dictionaries(
    st.tuples(st.sampled_from([RULE, ON_PODS]), st.sampled_from([HOST, OTHER, LIVE, WRITTEN])), st.sampled_from(State)
)


@settings(max_examples=50)
@given(states, states, st.sets(st.sampled_from(BOTH)))
def test_every_finding_stands_in_exactly_one_list(tmp_path_factory, earlier, now, looked_at):
    path = tmp_path_factory.mktemp("audit") / "findings.json"
    path.write_text(render_json(result(*((*key, state) for key, state in earlier.items())), all_verdicts=False))
    judged = result(*((*key, state) for key, state in now.items()))
    found = difference("x", read_findings(path), judged, looked_at)
    listed = [(change.rule, change.resource) for _, changes in found.lists() for change in changes]
    opened = {key for some in (earlier, now) for key, state in some.items() if state not in QUIET}
    assert sorted(listed) == sorted(opened)
    for change in (*found.fixed, *found.gone):
        assert now.get((change.rule, change.resource), State.PASS) in QUIET


def test_the_json_report_is_as_published(compare, tmp_path):
    compare([(RULE, HOST, "fail"), (ON_PODS, LIVE, "fail")], [])
    earlier = read_findings(tmp_path / "findings.json")
    judged = result((RULE, HOST, "pass"), (ON_PODS, WRITTEN, "fail"))
    compared = Result(judged.rules, judged.verdicts, difference=difference("audits/旧", earlier, judged, BOTH))
    report = json.loads(render_json(compared, all_verdicts=False))
    Draft202012Validator(SCHEMA).validate(report)
    assert report["difference"]["since"] == "audits/旧"
    assert {name: len(report["difference"][name]) for name in ("new", "still_open", "not_judged", "fixed", "gone")} == {
        "new": 1,
        "still_open": 0,
        "not_judged": 0,
        "fixed": 1,
        "gone": 1,
    }
    assert "difference" not in json.loads(render_json(judged, all_verdicts=False))


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"schema": "other/1"}',
        '{"schema": "yiyun.findings/1"}',
        '{"schema": "yiyun.findings/1", "findings": [1]}',
        '{"schema": "yiyun.findings/1", "findings": [{"rule": "x", "state": "odd", "resource": {}}]}',
    ],
)
def test_what_is_no_earlier_result_is_refused_at_its_file(tmp_path, content):
    path = tmp_path / "findings.json"
    path.write_text(content)
    with pytest.raises(UserError, match=r"findings\.json:1: "):
        read_findings(path)


def test_a_directory_without_a_result_is_named(tmp_path):
    with pytest.raises(UserError, match=r"findings\.json:1: is missing; --since wants"):
        read_findings(tmp_path / "findings.json")
