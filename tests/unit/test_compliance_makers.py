"""Objects from which controllers make others: what they make does not pass unseen, wherever they come from."""

from pathlib import Path

import pytest
import yaml

from yiyun.compliance import gate_manifests, render
from yiyun.compliance.engine import INPUT_READABLE
from yiyun.compliance.facts import kind_id, make_object
from yiyun.compliance.loader import load_rules
from yiyun.compliance.makers import MAKERS, unseen_verdicts
from yiyun.compliance.model import State
from yiyun.compliance.running import judge_running, kinds
from yiyun.operations.engine import read_steps
from yiyun.operations.previews import judge_steps
from yiyun.paths import CHECKOUT

PACK = CHECKOUT / "policies" / "mlps3"
RULES = load_rules(PACK)
FOLDER = Path(__file__).parent / "makers"
UNSEEN, BESIDE = (list(yaml.safe_load_all((FOLDER / name).read_text())) for name in ("unseen.yaml", "beside.yaml"))
RELEASE = UNSEEN[0]


def kind_of(manifest):
    return kind_id(manifest["apiVersion"], manifest["kind"])


def written(tmp_path, *manifests):
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(manifests))
    return tmp_path


def unseen(result):
    return {
        (v.resource.namespace, v.resource.kind, v.resource.name): v.message
        for v in result.verdicts
        if v.rule == INPUT_READABLE.id and v.state is State.NOT_EVALUATED
    }


def test_every_kind_has_a_case():
    assert sorted(map(kind_of, UNSEEN)) == sorted(MAKERS)


def test_the_page_for_ci_names_every_kind():
    page = (CHECKOUT / "docs" / "ci.md").read_text(encoding="utf-8")
    assert not [kind for kind in MAKERS if f"`{kind.partition('/')[2]}`" not in page]


@pytest.mark.parametrize("manifest", UNSEEN, ids=kind_of)
def test_what_is_made_from_it_is_not_evaluated(tmp_path, manifest):
    result = gate_manifests([written(tmp_path, manifest)], PACK)
    ((resource, message),) = unseen(result).items()
    assert resource == (manifest["metadata"].get("namespace", ""), manifest["kind"], manifest["metadata"]["name"])
    assert "; none of that was judged: " in message
    assert result.exit_code == 1
    text = render(result, "text")
    assert message in text
    assert "all.yaml:1" in text


@pytest.mark.parametrize("manifest", UNSEEN, ids=kind_of)
def test_no_version_of_it_passes(manifest):
    group = manifest["apiVersion"].partition("/")[0]
    for version in ("v1alpha1", "v1beta2", "v9"):
        assert unseen_verdicts([make_object(manifest | {"apiVersion": f"{group}/{version}"})])


@pytest.mark.parametrize("manifest", [*BESIDE, *(m | {"apiVersion": "other.example/v1"} for m in UNSEEN)], ids=kind_of)
def test_others_of_the_group_or_of_the_name_pass(tmp_path, manifest):
    result = gate_manifests([written(tmp_path, manifest)], PACK)
    assert not unseen(result)
    assert result.exit_code == 0


def test_one_in_a_list_is_seen_at_its_line(tmp_path):
    (tmp_path / "list.yaml").write_text(
        yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": [*BESIDE, RELEASE]})
    )
    (verdict,) = [v for v in gate_manifests([tmp_path], PACK).verdicts if v.state is State.NOT_EVALUATED]
    assert verdict.resource.kind == "HelmRelease"
    assert verdict.resource.line > 1


def test_no_value_is_quoted(tmp_path):
    result = gate_manifests([written(tmp_path, RELEASE | {"spec": {"values": {"password": "canary-7f3a"}}})], PACK)
    assert "canary" not in render(result, "json", True)


def waiver(expires, name="portal"):
    resource = f"{{kind: HelmRelease, namespace: apps, name: {name}}}"
    who = "owner: Li Wei, reason: rendered and gated in CI"
    return f"version: 1\nwaivers:\n- {{rule: input_readable, resource: {resource}, {who}, expires: {expires}}}\n"


@pytest.mark.parametrize(
    ("text", "state", "code"),
    [
        (waiver("2999-01-01"), State.WAIVED, 0),
        (waiver("2020-01-01"), State.NOT_EVALUATED, 1),
        (waiver("2999-01-01", "other"), State.NOT_EVALUATED, 1),
    ],
)
def test_a_person_can_answer_for_it(tmp_path, text, state, code):
    (tmp_path / "w.yml").write_text(text)
    (tmp_path / "m").mkdir()
    result = gate_manifests([written(tmp_path / "m", RELEASE)], PACK, waivers=tmp_path / "w.yml")
    assert [v.state for v in result.verdicts if v.rule == INPUT_READABLE.id] == [state]
    assert result.exit_code == code


def test_a_preview_is_judged_alike():
    steps = read_steps(
        {
            "op": "create",
            "urn": f"urn:pulumi:s::p::kubernetes:{m['apiVersion']}:{m['kind']}::{kind_of(m)}",
            "newState": {"type": f"kubernetes:{m['apiVersion']}:{m['kind']}", "inputs": m},
        }
        for m in (*UNSEEN, *BESIDE)
    )
    result = judge_steps(RULES, steps, None, [])
    assert len(unseen(result)) == len(UNSEEN)
    assert result.exit_code == 1


def test_on_a_running_cluster_the_made_objects_speak_for_themselves():
    """Nobody asks the server for these kinds; what they made is listed and judged as every other object."""
    assert not MAKERS.keys() & set(kinds(RULES))
    pod = {"containers": [{"name": "a", "image": "a:1", "securityContext": {"privileged": True}}]}
    made = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "portal", "namespace": "apps"}, "spec": pod}
    there = [make_object(each) for each in (*UNSEEN, made)]
    verdicts, objects = judge_running(RULES, lambda kind: [obj for obj in there if obj.id == kind])
    assert objects == 1
    assert not [v for v in verdicts if v.rule == INPUT_READABLE.id]
    assert [v.state for v in verdicts if v.rule == "pod_privileged"] == [State.FAIL]
