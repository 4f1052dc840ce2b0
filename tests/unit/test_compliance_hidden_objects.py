"""Pulumi resources that are no Kubernetes objects: none of what they stand for passes unseen."""

import runpy
from types import SimpleNamespace

import pytest

from yiyun.compliance.engine import INPUT_READABLE
from yiyun.compliance.hidden_objects import EMPTY, EXPANDED, RELEASE, type_of, why_hidden
from yiyun.compliance.loader import load_rules
from yiyun.compliance.model import Enforcement, State
from yiyun.operations.computed import COMPUTED
from yiyun.operations.engine import read_steps
from yiyun.operations.previews import judge_steps
from yiyun.paths import CHECKOUT

PACK = CHECKOUT / "policies" / "mlps3"
CHART = "kubernetes:helm.sh/v4:Chart"
POD = "kubernetes:core/v1:Pod"
PRIVILEGED = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "bad"},
    "spec": {"containers": [{"name": "a", "image": "a:1", "securityContext": {"privileged": True}}]},
}


def urn(kind, name="x"):
    return f"urn:pulumi:s::p::parent${kind}::{name}"


def test_the_type_of_a_urn():
    assert type_of(urn(RELEASE)) == RELEASE
    assert type_of("urn:pulumi:s::p::kubernetes:core/v1:Pod::a::b") == POD
    assert type_of("Pod/a") == ""


def test_what_hides_objects():
    assert "Helm release" in why_hidden(RELEASE, {"chart": "x"})
    assert all(why_hidden(kind, {"chart": "x"}) == EMPTY for kind in EXPANDED)
    assert "no apiVersion and kind" in why_hidden("kubernetes:new/v1:Thing", {"apiVersion": "v1"})
    assert why_hidden(POD, PRIVILEGED) == ""


# --- the pack, as pulumi runs it ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pack():
    return runpy.run_path(str(PACK / "__main__.py"), run_name="pack")


def told(pack, kind, props):
    """What the pack says of one resource, at both levels."""
    said = []
    for level in Enforcement:
        args = SimpleNamespace(resource_type=kind, props=props, urn=urn(kind))
        pack["policies"](level)[0].validate(args, lambda text, _=None: said.append(text))
    return said


def told_of_stack(pack, *resources):
    said = []
    for level in Enforcement:
        args = SimpleNamespace(resources=resources)
        pack["policies"](level)[1].validate(args, lambda text, urn=None: said.append((urn, text)))
    return said


def resource(kind, name, parent=None, props=None):
    return SimpleNamespace(resource_type=kind, urn=urn(kind, name), parent=parent, props=props or {})


def test_a_release_stops_plain_pulumi(pack):
    (said,) = told(pack, RELEASE, {"chart": "nginx", "values": {"password": "canary-7f3a"}})
    assert said.startswith(f"[{INPUT_READABLE.id}; ")
    assert "a Helm release: its objects are made only while it is installed" in said
    assert "canary" not in said


def test_what_lets_a_controller_make_objects_stops_plain_pulumi(pack):
    release = {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "r"}}
    (said,) = told(pack, "kubernetes:helm.toolkit.fluxcd.io/v2:HelmRelease", release)
    assert said.startswith(f"[{INPUT_READABLE.id}; ")
    assert "Flux installs a Helm chart for it; none of that was judged" in said


def test_what_has_no_kind_stops_plain_pulumi(pack):
    assert "no apiVersion and kind" in told(pack, "kubernetes:new/v1:Thing", {"spec": {}})[0]


@pytest.mark.parametrize("kind", sorted(EXPANDED))
def test_a_chart_is_judged_by_its_children(pack, kind):
    assert told(pack, kind, {"chart": "nginx"}) == []
    assert any("pod_privileged" in said for said in told(pack, POD, PRIVILEGED))
    chart = resource(kind, "chart")
    child = resource(POD, "pod", chart, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {}})
    assert INPUT_READABLE.id not in str(told_of_stack(pack, chart, child))
    ((at, said),) = [each for each in told_of_stack(pack, chart) if INPUT_READABLE.id in each[1]]
    assert at == chart.urn
    assert EMPTY in said


# --- previews of a site's stacks ---------------------------------------------------------------------------------


def preview(*steps):
    return read_steps(
        {"op": "create", "urn": urn(kind, name), "newState": {"type": kind, "inputs": inputs, "parent": parent}}
        for kind, name, inputs, parent in steps
    )


def hidden(steps):
    result = judge_steps(load_rules(PACK), steps, None, [])
    assert result.objects == len([step for step in steps if step.is_object])
    return {v.resource.urn: v.message for v in result.verdicts if v.state is State.NOT_EVALUATED}, result.exit_code


def test_a_release_in_a_stack_is_not_evaluated():
    steps = preview((RELEASE, "r", {"chart": "nginx"}, None))
    found, code = hidden(steps)
    assert "Helm release" in found[urn(RELEASE, "r")]
    assert code == 1


def test_a_chart_in_a_stack_is_its_children():
    configured = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    child = ("kubernetes:core/v1:ConfigMap", "c", configured, urn(CHART, "full"))
    steps = preview((CHART, "full", {}, None), child, (CHART, "empty", {}, None))
    assert [step.urn for step in steps] == [urn(child[0], "c"), urn(CHART, "empty")]
    found, code = hidden(steps)
    assert found == {urn(CHART, "empty"): EMPTY}
    assert code == 1


def test_a_kind_that_only_the_update_knows_is_not_evaluated():
    result = judge_steps(load_rules(PACK), preview((POD, "p", PRIVILEGED | {"kind": min(COMPUTED)}, None)), None, [])
    assert [v.state for v in result.verdicts] == [State.NOT_EVALUATED]
