"""The engine: states, exit codes, unknown facts, rules that break off, and what a partial input means."""

from types import SimpleNamespace

import pytest

from yiyun.compliance import (
    Enforcement,
    Finding,
    Map,
    NeedsPerson,
    NotApplicable,
    Object,
    Severity,
    Unevaluated,
    World,
    rule,
)
from yiyun.compliance.engine import Dispatcher, Result, evaluate, evaluate_object, input_verdict
from yiyun.compliance.facts import make_object
from yiyun.compliance.model import State
from yiyun.compliance.world import selects
from yiyun.evidence.unknown import TEMPLATE, UNKNOWN

TEXTS = {"title_zh": "标题", "title_en": "title", "rationale": "why", "remediation": "what to do"}


def made(check, **metadata):
    defaults = {"severity": Severity.HIGH, "baseline": "test:rule", "kinds": ("Pod",), **TEXTS}
    return rule(**{**defaults, **metadata})(check)


def behaving(how, **metadata):
    """A rule that does what the object says in spec.do."""

    def by_order(obj):
        order = obj.spec.text("do")
        if "find" in order:
            yield Finding("found", "spec.do", order)
        if "unknown" in order:
            raise Unevaluated("cannot be read")
        if "crash" in order:
            raise RuntimeError("secret text")
        if "person" in order:
            raise NeedsPerson("ask")
        if "other" in order:
            raise NotApplicable("not mine")

    return made(by_order, **metadata)


def pod(order="", **metadata):
    meta = {"name": "p", **metadata}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"do": order}}


@pytest.mark.parametrize(
    ("order", "state", "message"),
    [
        ("", State.PASS, ""),
        ("find", State.FAIL, "found"),
        ("unknown", State.NOT_EVALUATED, "cannot be read"),
        ("person", State.MANUAL, "ask"),
        ("other", State.NOT_APPLICABLE, "not mine"),
        ("find, then unknown", State.FAIL, "found"),
        ("find, then crash", State.FAIL, "found"),
        (UNKNOWN, State.NOT_EVALUATED, "spec.do: known only after the update"),
        (TEMPLATE, State.NOT_EVALUATED, "spec.do: a template that was not rendered"),
        ([], State.NOT_EVALUATED, "spec.do: must be text, is a list"),
    ],
)
def test_one_verdict_for_each_way_a_rule_ends(order, state, message):
    (verdict,) = evaluate_object([behaving("x")], pod(order))
    assert (verdict.state, verdict.message) == (state, message)


def test_a_rule_that_breaks_off_is_named_without_quoting_the_object():
    (verdict,) = evaluate_object([behaving("x")], pod("crash"))
    assert verdict.state is State.NOT_EVALUATED
    assert "rule by_order broke off with RuntimeError at test_compliance_engine.py:" in verdict.message
    assert "secret" not in verdict.message


@pytest.mark.parametrize(
    ("order", "enforcement", "code"),
    [
        ("", Enforcement.MANDATORY, 0),
        ("find", Enforcement.MANDATORY, 1),
        ("find", Enforcement.ADVISORY, 0),
        ("unknown", Enforcement.MANDATORY, 1),
        ("unknown", Enforcement.ADVISORY, 0),
        ("crash", Enforcement.MANDATORY, 1),
        ("person", Enforcement.MANDATORY, 0),
        ("other", Enforcement.MANDATORY, 0),
    ],
)
def test_exit_code(order, enforcement, code):
    assert evaluate([behaving("x", enforcement=enforcement)], [make_object(pod(order))]).exit_code == code


def test_an_unreadable_input_fails_the_gate():
    result = evaluate([], [])
    assert Result(result.rules, [input_verdict("a.yaml", 3, "broken")]).exit_code == 1


def test_summary_counts_verdicts_not_findings():
    def three(obj):
        yield from [Finding("a"), Finding("a"), Finding("b")]

    result = evaluate([made(three)], [make_object(pod()), make_object(pod())])
    assert result.summary() == {
        "pass": 0, "fail": 2, "manual": 0, "not_evaluated": 0, "not_applicable": 0, "waived": 0,
    }  # fmt: skip
    assert result.verdicts[0].message == "a; b"
    assert len(result.verdicts[0].evidence) == 3


def test_long_messages_are_cut_and_evidence_is_not():
    def many(obj):
        yield from [Finding(f"f{i}") for i in range(8)]

    (verdict,) = evaluate_object([made(many)], pod())
    assert verdict.message == "f0; f1; f2; f3; f4; and 3 more"
    assert len(verdict.evidence) == 8


def count_pods(obj: Object, world: World):
    if len(world.all("Pod")) > 1:
        yield Finding("more than one")


def test_objects_rules_see_all_objects_and_need_a_complete_input():
    counting = made(count_pods, scope="objects")
    two = [make_object(pod()), make_object(pod())]
    assert [v.state for v in evaluate([counting], two).verdicts] == [State.FAIL, State.FAIL]
    partial = evaluate([counting], two, complete=False)
    assert [v.state for v in partial.verdicts] == [State.NOT_EVALUATED] * 2
    assert evaluate_object([counting], pod()) == []


def test_rules_that_need_a_site_are_named_when_there_is_none(tmp_path):
    def of_site(site):
        if site.name != "good":
            yield Finding("bad name")

    def with_site(obj, site):
        if site.name != "good":
            yield Finding("bad name")

    rules = [made(of_site, scope="site", kinds=()), made(with_site, needs_site=True)]
    without = evaluate(rules, [make_object(pod())])
    assert without.verdicts == []
    assert without.notes == ["rules that need a site were not run (give --site): of_site, with_site"]
    for name, state in (("good", State.PASS), ("bad", State.FAIL)):
        site = SimpleNamespace(name=name, path=tmp_path)
        result = evaluate(rules, [make_object(pod())], site)
        assert [v.state for v in result.verdicts] == [state, state]
        assert result.verdicts[1].resource.site == name
        assert [v.state for v in Dispatcher(rules, site).object(pod())] == [state]


def test_results_join():
    first = evaluate([behaving("x")], [make_object(pod("find"))])
    second = evaluate([made(count_pods, scope="objects")], [make_object(pod())])
    joined = first.joined(second)
    assert (joined.objects, len(joined.verdicts), joined.exit_code) == (2, 2, 1)
    assert {"by_order", "count_pods"} <= set(joined.rules)


def test_names_that_are_not_known_yet_do_not_matter():
    (verdict,) = evaluate_object([behaving("x")], pod(name=UNKNOWN, namespace=UNKNOWN), urn="urn:x")
    assert (verdict.resource.name, verdict.resource.namespace, verdict.resource.urn) == ("?", "?", "urn:x")
    odd = make_object({"apiVersion": UNKNOWN, "kind": ["x"], "metadata": 3})
    assert odd.resource.label == "?"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"clauses": ("8.9.1",)}, "must look like"),
        ({"baseline": None}, "needs a baseline"),
        ({"baseline": "No Good"}, "must look like name:control"),
        ({"title_zh": " "}, "must not be empty"),
        ({"kinds": ()}, "kinds are for"),
        ({"scope": "site"}, "kinds are for"),
        ({"scope": "objects"}, "must take 2"),
        ({"severity": "awful"}, "awful"),
    ],
)
def test_metadata_that_do_not_hold_together_are_refused(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        behaving("x", **change)


FACTS = {
    "yes": True, "text": "t", "number": 3, "big": "17", "list": ["a"], "maps": [{"b": 1}], "map": {"c": {"d": "e"}},
    "none": None, "unknown": UNKNOWN, "mixed": ["a", UNKNOWN], "labels": {"a": "b", "c": None},
}  # fmt: skip


def test_facts_that_are_there():
    facts = Map(FACTS, "spec")
    assert facts.flag("yes") is True
    assert (facts.text("text"), facts.number("number"), facts.scalar("number")) == ("t", 3, 3)
    assert (facts.count("big"), facts.count("number")) == (17, 3)
    previewed = Map({"n": 3.0, "half": 2.5}, "")
    assert (str(previewed.number("n")), str(previewed.scalar("n")), str(previewed.count("n"))) == ("3", "3", "3")
    with pytest.raises(Unevaluated):
        previewed.number("half")
    assert facts.texts("list") == ["a"]
    assert [item.path for item in facts.maps("maps")] == ["spec.maps[0]"]
    assert facts.walk("map.c").text("d") == "e"
    assert facts.text_map("labels") == {"a": "b", "c": ""}
    assert [(name, inner.path) for name, inner in facts.each("map")] == [("c", "spec.map.c")]
    assert "none" not in facts.keys()  # noqa: SIM118 (a method of ours)


def test_absent_and_null_facts_are_facts():
    facts = Map(FACTS, "spec")
    for key in ("absent", "none"):
        assert facts.flag(key) is None
        assert facts.number(key) is None
        assert facts.count(key) is None
        assert facts.text(key) == ""
        assert facts.items(key) == facts.maps(key) == facts.texts(key) == []
        assert not facts.map(key)
        assert not facts.has(key)


@pytest.mark.parametrize(
    "reader", ["flag", "text", "number", "scalar", "count", "map", "items", "maps", "texts", "text_map"]
)
def test_unknown_facts_are_never_read(reader):
    with pytest.raises(Unevaluated, match=r"spec\.unknown: known only after the update"):
        getattr(Map(FACTS, "spec"), reader)("unknown")
    assert Map(FACTS, "spec").has("unknown")


@pytest.mark.parametrize(
    ("reader", "key"),
    [
        ("flag", "text"), ("text", "number"), ("number", "yes"), ("number", "text"), ("scalar", "list"),
        ("count", "text"), ("map", "list"), ("items", "map"), ("maps", "list"), ("texts", "maps"),
        ("texts", "mixed"), ("text_map", "map"),
    ],
)  # fmt: skip
def test_facts_of_a_wrong_type_are_not_evaluated(reader, key):
    with pytest.raises(Unevaluated, match=f"spec.{key}"):
        getattr(Map(FACTS, "spec"), reader)(key)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({}, True),
        ({"matchLabels": {"a": "1"}}, True),
        ({"matchLabels": {"a": "2"}}, False),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1", "2"]}]}, True),
        ({"matchExpressions": [{"key": "b", "operator": "In", "values": ["1"]}]}, False),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, False),
        ({"matchExpressions": [{"key": "b", "operator": "NotIn", "values": ["1"]}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, False),
        ({"matchExpressions": [{"key": "a", "operator": "Guess"}]}, False),
    ],
)
def test_label_selectors(selector, expected):
    assert selects(Map(selector, "s"), {"a": "1"}) is expected


def test_world_finds_selectors_by_label():
    def budget(name, selector):
        metadata = {"name": name, "namespace": "n"}
        return make_object(
            {
                "apiVersion": "policy/v1",
                "kind": "PodDisruptionBudget",
                "metadata": metadata,
                "spec": {"selector": selector},
            }
        )

    world = World(
        [
            budget("a", {"matchLabels": {"x": "1", "y": "2"}}),
            budget("all", {}),
            budget("b", {"matchLabels": {"x": "2"}}),
        ]
    )
    found = world.selecting("policy/PodDisruptionBudget", "n", "spec.selector", {"x": "1", "y": "2"})
    assert {obj.name for obj in found} == {"a", "all"}
    assert world.get("policy/PodDisruptionBudget", "n", "b") is not None
    assert world.selecting("policy/PodDisruptionBudget", "m", "spec.selector", {"x": "1"}) == []
