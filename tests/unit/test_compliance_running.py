"""What runs on a cluster: kinds are asked for as rules want them; what cannot be read is never a pass."""

from collections.abc import Callable

import pytest
from rule_cases import rules

from yiyun.compliance import Finding, Severity, rule
from yiyun.compliance.facts import Unevaluated, make_object
from yiyun.compliance.model import State
from yiyun.compliance.running import judge_running, kinds, not_judged

TEXTS = {"title_zh": "标题", "title_en": "title", "rationale": "why", "remediation": "do", "severity": Severity.HIGH}


@rule(baseline="test:own", kinds=("Pod", "apps/ReplicaSet", "apps/Deployment"), **TEXTS)
def own(obj):
    if obj.spec.flag("bad"):
        yield Finding("is bad")


@rule(baseline="test:beside", kinds=("Pod",), scope="objects", **TEXTS)
def beside(obj, world):
    if not world.all("policy/PodDisruptionBudget"):
        yield Finding("nothing protects it")


@rule(baseline="test:secret", kinds=("Secret",), **TEXTS)
def secret(obj):
    yield Finding("is there")


def obj(kind, name, owner=None, bad=False, controller=True):
    api, _, short = kind.rpartition("/")
    metadata = {"name": name, "namespace": "a", "uid": f"uid-{name}"}
    if owner:
        metadata["ownerReferences"] = [{"uid": f"uid-{owner}", "controller": controller}]
    return {"apiVersion": f"{api}/v1" if api else "v1", "kind": short, "metadata": metadata, "spec": {"bad": bad}}


class Cluster:
    def __init__(self, *objects, unread=()):
        self.objects, self.unread, self.asked = objects, unread, []

    def __call__(self, kind):
        self.asked.append(kind)
        if kind in self.unread:
            raise Unevaluated(f"{kind} may not be read")
        made = [make_object(each) for each in self.objects]
        return [each for each in made if each.id == kind]


def said(cluster: Callable, *of):
    verdicts, _ = judge_running(of, cluster)
    return {(v.rule, v.resource.label): v.state for v in verdicts}


def test_each_kind_is_asked_for_once_and_only_when_somebody_wants_it():
    cluster = Cluster(obj("Pod", "one"), obj("Pod", "two"), obj("policy/PodDisruptionBudget", "it"))
    assert set(said(cluster, beside).values()) == {State.PASS}
    assert cluster.asked == ["Pod", "policy/PodDisruptionBudget"]
    assert said(Cluster(), beside) == {}


def test_a_kind_that_may_not_be_read_is_not_evaluated_once_per_rule():
    found = said(Cluster(obj("apps/Deployment", "d"), unread=("Pod",)), own, beside)
    assert found == {
        ("own", "Pod"): State.NOT_EVALUATED,
        ("beside", "Pod"): State.NOT_EVALUATED,
        ("own", "a/Deployment/d"): State.PASS,
    }


def test_a_kind_beside_that_may_not_be_read_is_never_taken_for_an_empty_one():
    cluster = Cluster(obj("Pod", "one"), obj("Pod", "two"), unread=("policy/PodDisruptionBudget",))
    verdicts, objects = judge_running([beside], cluster)
    assert objects == 2
    assert {(v.state, v.message) for v in verdicts} == {
        (State.NOT_EVALUATED, "policy/PodDisruptionBudget may not be read")
    }


def test_secrets_are_never_asked_for():
    cluster = Cluster(obj("Secret", "s"))
    assert said(cluster, secret) == {}
    assert cluster.asked == []
    assert "Secret" not in kinds(rules().values())


def test_what_an_object_says_as_its_controller_is_said_once():
    objects = [
        obj("apps/Deployment", "d", bad=True),
        obj("apps/ReplicaSet", "r", owner="d", bad=True),
        obj("Pod", "same", owner="r", bad=True),
        obj("Pod", "better", owner="r"),
        obj("Pod", "alone", bad=True),
        obj("Pod", "of-nobody", owner="nowhere", bad=True),
        obj("Pod", "not-controlled", owner="r", bad=True, controller=False),
    ]
    assert said(Cluster(*objects), own) == {
        ("own", "a/Deployment/d"): State.FAIL,
        ("own", "a/Pod/better"): State.PASS,
        ("own", "a/Pod/alone"): State.FAIL,
        ("own", "a/Pod/of-nobody"): State.FAIL,
        ("own", "a/Pod/not-controlled"): State.FAIL,
    }


def test_a_pod_that_differs_from_what_controls_it_speaks_for_itself():
    objects = [obj("apps/ReplicaSet", "r"), obj("Pod", "changed", owner="r", bad=True)]
    assert said(Cluster(*objects), own)["own", "a/Pod/changed"] is State.FAIL


@pytest.mark.parametrize("metadata", [None, "text", {"ownerReferences": 1}, {"ownerReferences": [1], "uid": 5}])
def test_metadata_that_nobody_understands_hides_nothing(metadata):
    broken = {**obj("Pod", "x", bad=True), "metadata": metadata}
    assert list(said(Cluster(broken), own).values()) == [State.FAIL]


def test_nothing_read_is_nothing_judged():
    verdicts = not_judged([own, beside], "cluster", "does not answer", None)
    assert [(v.rule, v.state, v.resource.file) for v in verdicts] == [
        ("own", State.NOT_EVALUATED, "cluster"),
        ("beside", State.NOT_EVALUATED, "cluster"),
    ]
