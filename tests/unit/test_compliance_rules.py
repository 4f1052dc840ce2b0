"""Every rule of the pack, on its cases, on broken versions of them, and on every kind of pod."""

import copy
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from rule_cases import PACK, Case, cases, documents, judge, lab, rules

from yiyun.compliance.catalogue import load_catalogue
from yiyun.compliance.engine import evaluate
from yiyun.compliance.facts import make_object
from yiyun.compliance.model import Enforcement, State
from yiyun.compliance.pods import POD_PATHS
from yiyun.evidence.unknown import UNKNOWN

PASSING, FAILING = cases("pass"), cases("fail")
OF_OBJECTS = ("object", "objects")


def name(case: Case) -> str:
    return f"{case.rule.id}-{case.file.stem}"


def test_every_rule_has_a_passing_and_a_failing_case():
    missing = [
        f"{rule_id}: no {kind} case"
        for kind, found in (("pass", PASSING), ("fail", FAILING))
        for rule_id in rules()
        if rule_id not in {case.rule.id for case in found}
    ]
    assert not missing


def test_no_case_is_left_over():
    known = {case.file for case in (*PASSING, *FAILING)}
    assert {file for file in PACK.parents[1].glob("tests/unit/rules/*/*") if file not in known} == set()


@pytest.mark.parametrize("case", PASSING, ids=name)
def test_passing_case(case):
    verdicts = judge(case).verdicts
    assert verdicts
    wrong = [v for v in verdicts if v.state not in (State.PASS, State.MANUAL, State.NOT_APPLICABLE)]
    assert not wrong
    assert any(v.state in (State.PASS, State.MANUAL) for v in verdicts)


@pytest.mark.parametrize("case", FAILING, ids=name)
def test_failing_case(case):
    verdicts = judge(case).verdicts
    failed = [v for v in verdicts if v.state is State.FAIL]
    assert case.expected, "a failing case begins with `# expect: TEXT`"
    assert any(case.expected in v.message for v in failed), [v.message for v in verdicts]
    assert all(v.evidence for v in failed)
    assert judge(case).exit_code == (1 if case.rule.enforcement is Enforcement.MANDATORY else 0)


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths of all values inside a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def changed(objects: list[dict[str, Any]], path: tuple[str | int, ...], value: Any) -> list[dict[str, Any]]:
    """A copy with one value exchanged; the value `...` means removed."""
    copied = copy.deepcopy(objects)
    place: Any = copied
    for key in path[:-1]:
        place = place[key]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return copied


BROKEN = (..., None, UNKNOWN, "", "text", 0, -7, 10**30, 1.5, True, [], {}, [None], ["x"], [[]], [{}], {"a": None})


@pytest.mark.parametrize("case", [c for c in (*PASSING, *FAILING) if c.rule.scope in OF_OBJECTS], ids=name)
def test_no_change_of_a_fact_breaks_a_rule(case):
    """Whatever stands in an object, the rule gives a verdict: a mistake of the rule itself would say `broke off`."""
    objects = documents(case)
    for path in places(objects):
        for value in BROKEN:
            if len(path) == 1 and not isinstance(value, dict):
                continue  # the list of objects itself: the loader's concern
            for verdict in judge(case, changed(objects, path, value)).verdicts:
                assert "broke off" not in verdict.message, (path, value, verdict.message)


def in_object(obj: dict[str, Any], path: str) -> tuple[str | int, ...] | None:
    """Keys of an evidence path, None when it leads out of the object or through a key with dots."""
    parts = path.replace("]", "").replace("[", ".").split(".")
    keys: list[str | int] = [int(part) if part.isdigit() else part for part in parts]
    place: Any = obj
    for key in keys[:-1]:
        try:
            place = place[key]
        except (KeyError, IndexError, TypeError):
            return None
    return tuple(keys) if isinstance(place, dict) else None


@pytest.mark.parametrize("case", [c for c in FAILING if c.rule.scope in OF_OBJECTS], ids=name)
def test_a_finding_is_never_lost_because_its_fact_is_unknown(case):
    objects = documents(case)
    for index, obj in enumerate(objects):
        for verdict in judge(case).verdicts:
            if verdict.resource != make_object(obj).resource or verdict.state is not State.FAIL:
                continue
            for finding in verdict.evidence:
                keys = in_object(obj, finding.path) if finding.path else None
                if keys is None:
                    continue
                hidden = changed(objects, (index, *keys), UNKNOWN)
                after = [v for v in judge(case, hidden).verdicts if v.resource == verdict.resource]
                assert {v.state for v in after} <= {State.FAIL, State.NOT_EVALUATED}, finding.path


@pytest.mark.parametrize("case", [c for c in (*PASSING, *FAILING) if c.rule.scope in OF_OBJECTS], ids=name)
def test_rules_work_without_a_site(case):
    result = evaluate([case.rule], [make_object(item) for item in documents(case)])
    assert not [v for v in result.verdicts if "broke off" in v.message]
    assert case.rule.needs_site == (case.rule.id in " ".join(result.notes))


POD_FAILURES = {
    "pod_privileged": {"securityContext": {"privileged": True}},
    "pod_capabilities": {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}},
    "pod_privilege_escalation": {"securityContext": {"allowPrivilegeEscalation": True}},
    "pod_run_as_root": {"securityContext": {"runAsUser": 0}},
    "pod_host_port": {"ports": [{"containerPort": 1, "hostPort": 1}]},
    "image_pinned": {"image": "registry.lab.yiyun.example/x:latest"},
}


def with_pod(kind_id: str, spec: dict[str, Any]) -> dict[str, Any]:
    """An object of a kind with a pod template around a pod spec."""
    group, _, kind = kind_id.rpartition("/")
    obj: dict[str, Any] = {"apiVersion": f"{group}/v1" if group else "v1", "kind": kind, "metadata": {"name": "x"}}
    place = obj
    keys = POD_PATHS[kind_id].split(".")
    for key in keys[:-1]:
        place = place.setdefault(key, {})
    place[keys[-1]] = spec
    return obj


@pytest.mark.parametrize("where", ["containers", "initContainers", "ephemeralContainers"])
@pytest.mark.parametrize("kind_id", POD_PATHS)
def test_pod_rules_see_every_container_of_every_kind(kind_id, where):
    good = {"name": "good", "image": "registry.lab.yiyun.example/x:1"}
    for rule_id, bad in POD_FAILURES.items():
        spec = {"containers": [good]}
        spec[where] = [*spec.get(where, []), {**good, "name": "bad", **bad}]
        (verdict,) = evaluate([rules()[rule_id]], [make_object(with_pod(kind_id, spec))]).verdicts
        assert verdict.state is State.FAIL
        assert rule_id == "image_pinned" or "bad" in verdict.message


@pytest.mark.parametrize("kind_id", POD_PATHS)
def test_pod_level_rules_see_every_kind(kind_id):
    spec = {"containers": [{"name": "x"}], "hostNetwork": True, "hostPID": True}
    spec["volumes"] = [{"name": "h", "hostPath": {"path": "/"}}]
    for rule_id in ("pod_host_network", "pod_host_namespaces", "pod_host_path"):
        (verdict,) = evaluate([rules()[rule_id]], [make_object(with_pod(kind_id, spec))]).verdicts
        assert verdict.state is State.FAIL


def test_a_pod_template_without_containers_is_not_evaluated():
    result = evaluate(rules().values(), [make_object(with_pod("apps/Deployment", {}))], lab())
    assert {v.state for v in result.verdicts if v.rule == "pod_privileged"} == {State.NOT_EVALUATED}


def test_every_row_of_the_catalogue_has_a_rule_or_a_reason():
    clauses = {clause for rule in rules().values() for clause in rule.clauses}
    rows = [
        row
        for row in load_catalogue(PACK).rows.values()
        if row.high_risk_2025 and row.automatable in ("kubernetes", "iac", "network")
    ]
    assert len(rows) == 27
    assert not [row.id for row in rows if (row.id in clauses) == bool(row.undecidable)]


def test_the_pack_has_the_rules_that_were_promised():
    scopes = Counter(rule.scope for rule in rules().values())
    on_components = [rule for rule in rules().values() if {"control_plane", "kubelet"} & {*rule.probes}]
    assert scopes["host"] - len(on_components) >= 120
    assert scopes["object"] >= 80
    assert scopes["site"] + scopes["objects"] >= 25
    assert len(on_components) >= 20
    assert len([rule for rule in rules().values() if rule.enforcement is Enforcement.MANDATORY]) >= 300


def test_metadata_are_not_repeated_by_mistake():
    for field in ("title_en", "title_zh"):
        texts = [getattr(rule, field) for rule in rules().values()]
        assert len(texts) == len(set(texts))
