"""Pods inside objects of kinds that the pack does not know: judged as a Deployment's, wherever they stand."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rule_cases import rules

from yiyun.compliance.engine import Dispatcher, evaluate
from yiyun.compliance.facts import make_object
from yiyun.compliance.model import State
from yiyun.compliance.pods import HELD
from yiyun.evidence.unknown import UNKNOWN

GOOD = {"name": "good", "image": "registry.lab.yiyun.example/x:1"}
BAD = {"name": "bad", "image": "x:latest", "securityContext": {"privileged": True, "runAsUser": 0}}
FAILING = {
    "pod_privileged": {"containers": [GOOD, BAD]},
    "pod_run_as_root": {"containers": [GOOD]},
    "image_pinned": {"containers": [GOOD], "initContainers": [BAD]},
    "pod_host_network": {"containers": [GOOD], "hostNetwork": True},
    "pod_host_path": {"containers": [GOOD], "volumes": [{"name": "h", "hostPath": {"path": "/"}}]},
}
WHOLE = {
    "apps.kruise.io/CloneSet": ("spec", "template", "spec"),
    "apps.kruise.io/StatefulSet": ("spec", "template", "spec"),
    "apps.kruise.io/AdvancedCronJob": ("spec", "template", "jobTemplate", "spec", "template", "spec"),
    "argoproj.io/Rollout": ("spec", "template", "spec"),
    "batch.volcano.sh/Job": ("spec", "tasks", 0, "template", "spec"),
    "kubeflow.org/PyTorchJob": ("spec", "pytorchReplicaSpecs", "Worker", "template", "spec"),
    "monitoring.coreos.com/Prometheus": ("spec",),
    "operator.example/Anything": ("podTemplate",),
    "ray.io/RayCluster": ("spec", "workerGroupSpecs", 0, "template", "spec"),
    "serving.knative.dev/Service": ("spec", "template", "spec"),
    "work.open-cluster-management.io/ManifestWork": ("spec", "workload", "manifests", 0, "spec", "template", "spec"),
}
"""Kind -> where it keeps a pod."""


def around(path: tuple[str | int, ...], value: Any) -> Any:
    """A value at a path; numbers are places in lists."""
    for key in reversed(path):
        value = [value] if isinstance(key, int) else {key: value}
    return value


def held(kind_id: str, body: dict[str, Any]) -> dict[str, Any]:
    group, _, kind = kind_id.rpartition("/")
    return {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": "x", "namespace": "a"}, **body}


def verdicts(obj: dict[str, Any]) -> dict[str, Any]:
    """Verdicts on one object by rule; there is at most one of each."""
    found = evaluate(rules().values(), [make_object(obj)]).verdicts
    by_rule = {verdict.rule: verdict for verdict in found}
    assert len(by_rule) == len(found)
    return by_rule


def dotted(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")


@pytest.mark.parametrize("rule_id", FAILING)
@pytest.mark.parametrize("kind_id", WHOLE)
def test_a_pod_is_found_wherever_a_kind_keeps_it(kind_id, rule_id):
    path = WHOLE[kind_id]
    verdict = verdicts(held(kind_id, around(path, FAILING[rule_id])))[rule_id]
    assert verdict.state is State.FAIL
    assert verdict.resource.kind == kind_id.rpartition("/")[2]
    assert verdict.evidence[0].path.startswith(f"{dotted(path)}.")


def test_every_rule_that_judges_every_kind_of_pod_judges_those_too():
    of_pods = {rule.id for rule in rules().values() if HELD in rule.kinds}
    assert of_pods >= {rule.id for rule in rules().values() if {"Pod", "batch/CronJob"} <= {*rule.kinds}}
    judged = verdicts(held("apps.kruise.io/CloneSet", around(("spec", "template", "spec"), {"containers": [GOOD]})))
    assert judged.keys() == {name for name in of_pods if not rules()[name].needs_site}


def test_all_pods_of_an_object_make_one_verdict():
    roles = {"Master": FAILING["pod_host_network"], "Worker": FAILING["pod_privileged"]}
    specs = {role: {"template": {"spec": spec}} for role, spec in roles.items()}
    found = verdicts(held("kubeflow.org/TFJob", {"spec": {"tfReplicaSpecs": specs}}))
    assert found["pod_privileged"].evidence[0].path.startswith("spec.tfReplicaSpecs.Worker.template.spec.containers[1]")
    assert found["pod_host_network"].state is State.FAIL
    assert len(found["pod_run_as_root"].evidence) == 3
    assert found["pod_host_path"].state is State.PASS


KEYS = st.lists(st.sampled_from(["spec", "template", "roles", "a", "podTemplate", 0, "manifests"]), max_size=5)
PARTS = {
    "hostNetwork": st.booleans(),
    "hostPID": st.booleans(),
    "volumes": st.sampled_from([[], [{"name": "h", "hostPath": {"path": "/"}}], [{"name": "e", "emptyDir": {}}]]),
    "securityContext": st.sampled_from([{}, {"runAsUser": 0}, {"runAsNonRoot": True}, {"runAsUser": "x"}, UNKNOWN]),
    "initContainers": st.sampled_from([[], [GOOD], [BAD], [UNKNOWN], [{**GOOD, "securityContext": UNKNOWN}]]),
    "automountServiceAccountToken": st.booleans(),
}
PODS = st.fixed_dictionaries({"containers": st.sampled_from([[GOOD], [BAD], [GOOD, BAD]])}, optional=PARTS)


@given(KEYS, PODS)
def test_a_pod_has_the_verdicts_of_a_deployments_pod(keys, pod):
    """Whatever is around it: state by state, and finding by finding."""
    path = ("spec", *keys, "x", "spec")
    usual = verdicts(held("apps/Deployment", around(("spec", "template", "spec"), pod)))
    found = verdicts(held("operator.example/Thing", around(path, pod)))
    for rule_id in found:
        assert found[rule_id].state is usual[rule_id].state, rule_id
        assert [f.message for f in found[rule_id].evidence] == [f.message for f in usual[rule_id].evidence]
        paths = [f.path.replace("spec.template.spec", dotted(path), 1) for f in usual[rule_id].evidence]
        assert [f.path for f in found[rule_id].evidence] == paths


@pytest.mark.parametrize("kind_id", WHOLE)
def test_what_is_not_known_on_the_way_to_a_pod_is_never_a_pass(kind_id):
    path = WHOLE[kind_id]
    for length in range(1, len(path) + 1):
        if path[length - 1] in ("workload", "Worker"):
            continue  # names that say nothing of pods
        found = verdicts(held(kind_id, around(path[:length], UNKNOWN)))
        assert found["pod_privileged"].state is State.NOT_EVALUATED, path[:length]
        assert dotted(path[:length]) in found["pod_privileged"].message
    for containers in (UNKNOWN, [UNKNOWN], [GOOD, UNKNOWN]):
        found = verdicts(held(kind_id, around(path, {"containers": containers})))
        assert found["pod_privileged"].state is State.NOT_EVALUATED


def test_values_that_are_not_known_elsewhere_stop_nothing():
    spec = {"secretName": UNKNOWN, "dnsNames": [UNKNOWN]}
    assert not verdicts(held("operator.example/Thing", {"spec": spec}))


@pytest.mark.parametrize(
    ("rule_id", "part", "path"),
    [
        (
            "pod_privileged",
            {"containers": [{"name": "prometheus", "securityContext": {"privileged": True}}]},
            "spec.containers[0].securityContext.privileged",
        ),
        ("pod_run_as_root", {"pod": {"securityContext": {"runAsUser": 0}}}, "spec.pod.securityContext.runAsUser"),
        ("pod_run_as_root", {"securityContext": {"runAsNonRoot": False}}, "spec.securityContext.runAsNonRoot"),
        ("pod_host_network", {"gateway": {"hostNetwork": True}}, "spec.gateway.hostNetwork"),
        ("pod_host_path", {"volumes": [{"name": "h", "hostPath": {"path": "/"}}]}, "spec.volumes[0].hostPath.path"),
        ("image_pinned", {"steps": [{"name": "a", "image": "x:latest"}]}, "spec.steps[0].image"),
        ("image_pinned", {"sidecars": [{"name": "a", "image": "x:latest"}]}, "spec.sidecars[0].image"),
        (
            "pod_privileged",
            {"container": {"securityContext": {"privileged": True}}},
            "spec.container.securityContext.privileged",
        ),
    ],
)
def test_a_part_of_a_pod_is_judged_for_what_it_sets(rule_id, part, path):
    found = verdicts(held("operator.example/Thing", {"spec": part}))
    assert found[rule_id].state is State.FAIL
    assert path in [finding.path for finding in found[rule_id].evidence]


@pytest.mark.parametrize(
    "part",
    [
        {"containers": [{"name": "prometheus", "args": ["--x"]}]},
        {"podTemplate": {"spec": {"containers": [{"name": "flink-main-container"}]}}},
        {"initContainers": [{"name": "a", "image": f"x@sha256:{0:064}"}]},
        {"securityContext": {"fsGroup": 1000}},
    ],
)
def test_a_part_of_a_pod_neither_passes_nor_fails_for_what_it_leaves_out(part):
    found = verdicts(held("operator.example/Thing", {"spec": part}))
    assert {verdict.state for verdict in found.values()} == {State.NOT_APPLICABLE}
    assert "a part of a pod" in found["pod_run_as_root"].message


def test_a_part_that_is_not_known_is_not_evaluated():
    found = verdicts(held("operator.example/Thing", {"spec": {"gateway": {"hostNetwork": UNKNOWN}}}))
    assert found["pod_host_network"].state is State.NOT_EVALUATED


def workflow(template: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return held("argoproj.io/Workflow", {"spec": {**spec, "templates": [{"name": "a", **template}]}})


@pytest.mark.parametrize("key", ["container", "script"])
def test_a_workflow_gives_its_templates_what_they_do_not_say(key):
    single = {key: {"image": "x:1"}}
    root, other = {"runAsUser": 0}, {"runAsUser": 10001}
    assert verdicts(workflow(single))["pod_run_as_root"].state is State.FAIL
    assert verdicts(workflow(single, securityContext=other))["pod_run_as_root"].state is State.PASS
    own = {**single, "securityContext": other}
    assert verdicts(workflow(own))["pod_run_as_root"].state is State.PASS
    assert (
        verdicts(workflow({**single, "securityContext": root}, securityContext=other))["pod_run_as_root"].state
        is State.FAIL
    )
    assert verdicts(workflow(single))["pod_service_account_token"].state is State.FAIL
    assert verdicts(workflow(single, serviceAccountName="loader"))["pod_service_account_token"].state is State.PASS


def test_every_container_of_a_workflow_is_judged():
    for template in (
        {"container": GOOD, "sidecars": [BAD]},
        {"container": GOOD, "initContainers": [BAD]},
        {"containerSet": {"containers": [GOOD, BAD]}},
        {"steps": [[{"name": "b", "inline": {"container": BAD}}]]},
        {"dag": {"tasks": [{"name": "b", "inline": {"script": BAD}}]}},
    ):
        assert verdicts(workflow(template))["pod_privileged"].state is State.FAIL, template
    cron = held(
        "argoproj.io/CronWorkflow", {"spec": {"workflowSpec": {"templates": [{"name": "a", "container": BAD}]}}}
    )
    assert verdicts(cron)["pod_privileged"].state is State.FAIL


def test_what_a_workflow_makes_of_a_text_is_not_evaluated():
    patched = {"container": GOOD, "podSpecPatch": "hostNetwork: true"}
    assert verdicts(workflow(patched))["pod_host_network"].state is State.NOT_EVALUATED
    assert verdicts(workflow({"container": GOOD}, podSpecPatch="x"))["pod_host_network"].state is State.NOT_EVALUATED
    made = verdicts(workflow({"resource": {"action": "create", "manifest": "kind: Pod"}}))
    assert made["pod_privileged"].state is State.NOT_EVALUATED


@pytest.mark.parametrize(
    "obj",
    [
        held("kyverno.io/ClusterPolicy", {"spec": {"rules": [{"validate": {"pattern": {"spec": {"containers": [BAD]}}}}]}}),
        held("kubevirt.io/VirtualMachine", {"spec": {"template": {"spec": {"volumes": [{"name": "d", "containerDisk": {"image": "x:1"}}]}}}}),
        held("operator.example/Thing", {"status": {"template": {"spec": {"containers": [BAD]}}}}),
        held("operator.example/Thing", {"spec": {"containers": ["a"], "volumes": ["b"], "steps": [["c"]], "script": "d"}}),
        held("autoscaling.k8s.io/VerticalPodAutoscaler", {"spec": {"resourcePolicy": {"containerPolicies": [{"containerName": "a"}]}}}),
    ],
    ids=lambda obj: obj["kind"],
)  # fmt: skip
def test_what_only_looks_like_a_pod_is_not_judged(obj):
    assert not {name for name in verdicts(obj) if name.startswith("pod_")}


def test_a_kind_with_images_of_its_own_has_both_judged_as_one():
    spec = {"provider": {"kubernetes": {"envoyDeployment": {"container": {"image": "x:1"}, "initContainers": [BAD]}}}}
    found = verdicts(held("gateway.envoyproxy.io/EnvoyProxy", {"spec": spec}))
    assert [finding.value for finding in found["image_pinned"].evidence] == ["x:latest"]
    spec["provider"]["kubernetes"]["envoyDeployment"]["initContainers"] = []
    assert verdicts(held("gateway.envoyproxy.io/EnvoyProxy", {"spec": spec}))["image_pinned"].state is State.PASS


def test_a_preview_judges_them_as_well():
    obj = held("apps.kruise.io/CloneSet", around(("spec", "template", "spec"), FAILING["pod_privileged"]))
    found = Dispatcher(rules().values()).object(copy.deepcopy(obj))
    assert {v.rule for v in found if v.state is State.FAIL} >= {"pod_privileged", "image_pinned"}
