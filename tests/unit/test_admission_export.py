"""Rules as admission policies: what is exported, under which name, for which kinds, and what is not, with the reason."""

import dataclasses
import re
from datetime import date
from pathlib import Path

import pytest
from rule_cases import rules

from yiyun.compliance import Admission, Enforcement, Finding, rule
from yiyun.compliance.admission_policies import BINDING, EXEMPT_NAMESPACES, POLICY, exported
from yiyun.compliance.admission_policies import policies as made_of
from yiyun.compliance.api_resources import BUILT_IN, REMOVED, ApiResource
from yiyun.compliance.engine import evaluate
from yiyun.compliance.facts import make_object
from yiyun.compliance.model import Resource, State
from yiyun.compliance.pods import POD_PATHS
from yiyun.compliance.waivers import Waiver
from yiyun.operations import policies

WITHOUT = Path(__file__).parent / "rules_without_a_policy.txt"
NAME = re.compile(r"yiyun-[a-z0-9]+(-[a-z0-9]+)*")
ALL = policies.manifests(rules().values())
POLICIES = [each for each in ALL if each["kind"] == POLICY]
BINDINGS = {each["metadata"]["name"]: each for each in ALL if each["kind"] == BINDING}


def rule_of(manifest):
    return rules()[manifest["metadata"]["labels"]["yiyun.io/rule"]]


def test_as_many_rules_as_promised_have_a_policy():
    assert len(exported(rules().values())) >= 60
    assert {rule_of(each).id for each in POLICIES} == {each.id for each in exported(rules().values())}


def test_every_rule_on_objects_has_a_policy_or_a_reason():
    reasons = {}
    for line in WITHOUT.read_text().splitlines()[1:]:
        name, mark, reason = line.partition("  # ")
        assert mark
        assert reason.strip()
        reasons[name] = reason
    on_objects = {each.id for each in rules().values() if each.scope in ("object", "objects")}
    assert reasons.keys() == on_objects - {each.id for each in exported(rules().values())}
    assert list(reasons) == sorted(reasons)


def test_names_are_stable():
    names = [each["metadata"]["name"] for each in POLICIES]
    assert len(set(names)) == len(names)
    assert names == sorted(names)
    assert all(NAME.fullmatch(name) and len(name) <= 63 for name in names)
    assert {name for name in names if name.startswith(("yiyun-pod-privileged", "yiyun-rbac-wildcard"))} == {
        "yiyun-pod-privileged-cronjob",
        "yiyun-pod-privileged-pod",
        "yiyun-pod-privileged-podtemplate",
        "yiyun-pod-privileged-workload",
        "yiyun-rbac-wildcard",
    }


def test_a_name_does_not_hang_on_other_rules_or_kinds():
    alone = policies.manifests([rules()["pod_privileged"]])
    assert alone == [each for each in ALL if rule_of(each).id == "pod_privileged"]
    only_pods = dataclasses.replace(rules()["pod_privileged"], kinds=("Pod",))
    assert [each["metadata"]["name"] for each in policies.manifests([only_pods])] == ["yiyun-pod-privileged-pod"] * 2


@pytest.mark.parametrize("policy", POLICIES, ids=lambda each: each["metadata"]["name"])
def test_shape_of_a_policy(policy):
    spec, its_rule = policy["spec"], rule_of(policy)
    assert spec["failurePolicy"] == "Fail"
    (validation,) = spec["validations"]
    assert validation["expression"].strip()
    assert all(part in validation["message"] for part in (its_rule.id, its_rule.title_en, its_rule.sources))
    assert "\n" not in validation["message"]
    (selected,) = spec["matchConstraints"]["namespaceSelector"]["matchExpressions"]
    assert (selected["operator"], tuple(selected["values"])) == ("NotIn", EXEMPT_NAMESPACES)
    assert spec["matchConstraints"]["matchPolicy"] == "Equivalent"
    used = {f"variables.{each['name']}" for each in spec.get("variables", ())}
    assert set(re.findall(r"variables\.\w+", validation["expression"])) == used
    binding = BINDINGS[policy["metadata"]["name"]]
    assert binding["metadata"]["labels"] == policy["metadata"]["labels"]
    mandatory = its_rule.enforcement is Enforcement.MANDATORY
    assert binding["spec"] == {
        "policyName": policy["metadata"]["name"],
        "validationActions": ["Deny"] if mandatory else ["Audit", "Warn"],
    }


@pytest.mark.parametrize("its_rule", exported(rules().values()), ids=lambda each: each.id)
def test_a_rule_is_enforced_on_exactly_its_kinds(its_rule):
    known = policies.resources()
    wanted = {
        (known[kind].group, version, known[kind].plural)
        for kind in its_rule.kinds
        if kind in known
        for version in known[kind].versions
    }
    matched = []
    for policy in POLICIES:
        if rule_of(policy) is not its_rule:
            continue
        for each in policy["spec"]["matchConstraints"]["resourceRules"]:
            assert each["operations"] == ["CREATE", "UPDATE"]
            (group,) = each["apiGroups"]
            whole = [name for name in each["resources"] if "/" not in name]
            matched += [(group, version, name) for version in each["apiVersions"] for name in whole]
    assert sorted(matched) == sorted(wanted)
    assert not set(its_rule.kinds) & BUILT_IN.keys() - known.keys()


def test_a_container_that_is_added_later_is_judged():
    matched = [
        name
        for policy in POLICIES
        for each in policy["spec"]["matchConstraints"]["resourceRules"]
        for name in each["resources"]
        if policy["metadata"]["name"] == "yiyun-pod-privileged-pod"
    ]
    assert matched == ["pods", "pods/ephemeralcontainers", "pods/resize"]


def test_built_in_kinds_of_pods_are_all_known():
    assert {kind for kind in POD_PATHS if kind not in REMOVED} <= BUILT_IN.keys()


def test_the_policies_pass_their_own_gate():
    result = evaluate(rules().values(), [make_object(each) for each in ALL])
    assert {v.state for v in result.verdicts} <= {State.PASS, State.NOT_APPLICABLE}
    assert len(result.verdicts) == len(BINDINGS)


WORDS = {
    "severity": "low",
    "baseline": "a:b",
    "title_zh": "a",
    "title_en": "a",
    "rationale": "a",
    "remediation": "a",
    "kinds": ("Pod", "apps/Deployment"),
}


def alone(obj):
    yield Finding("x")


def with_more(obj, more):
    yield Finding("x")


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (with_more, {"scope": "objects", "admission": Admission("true")}),
        (with_more, {"needs_site": True, "admission": Admission("true")}),
        (alone, {"admission": Admission("true", ("Pod",))}),
        (alone, {"admission": (Admission("true"), Admission("true", ("Pod",), name="again"))}),
        (alone, {"admission": Admission("true", ("Pod", "apps/Deployment", "Service"))}),
    ],
)
def test_an_export_that_does_not_fit_its_rule_is_refused(check, words):
    with pytest.raises(ValueError, match="admission"):
        rule(**{**WORDS, **words})(check)


def test_a_kind_that_nobody_names_gets_no_guess():
    served = {"Pod": ApiResource("", ("v1",), "pods", True)}
    made = made_of([rule(**WORDS, admission=Admission("variables.pod.containers.all(c, true)"))(alone)], served)
    assert [each["metadata"]["name"] for each in made] == ["yiyun-alone-pod"] * 2


def waiver(rule_id, kind="DaemonSet", until=date(2030, 1, 1)):
    where = Resource(kind=kind, namespace="monitoring", name="node-exporter")
    return Waiver(rule_id, where, "Li Wei", "counts packets", until, "waivers.yaml:3")


def test_a_waived_object_is_named_and_not_let_in():
    waivers = [
        waiver("pod_host_network"),
        waiver("pod_host_network", until=date(2020, 1, 1)),
        waiver("pod_resource_limits"),
    ]
    (line,) = policies.refused_although_waived(rules().values(), waivers, date(2026, 11, 28))
    assert line.startswith("waivers.yaml:3: pod_host_network is waived for monitoring/DaemonSet/node-exporter")
    assert (
        '!(request.kind.kind == "DaemonSet" && request.namespace == "monitoring" && request.name == "node-exporter")'
        in line
    )
