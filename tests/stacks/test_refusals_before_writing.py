"""What the server would refuse, or somebody else made, stops an up before anything is written."""

import copy
import time

import pytest

from yiyun.components.kubernetes import FIELD_MANAGER
from yiyun.operations import dry_run
from yiyun.operations.engine import Engine, Step
from yiyun.operations.previews import preview_all
from yiyun.operations.projects import projects

pytestmark = pytest.mark.lab

KUBECTL = {"fieldManager": "kubectl-create"}
MAPS = "/api/v1/namespaces/kube-system/configmaps"
GROUPS = "/apis/kubeovn.io/v1/security-groups"


def written(api):
    """Every object of the site that yiyun wrote, and every scratch namespace."""
    found = []
    for path in (
        "/api/v1/namespaces",
        MAPS,
        GROUPS,
        "/apis/kubeovn.io/v1/vpcs",
        "/apis/storage.k8s.io/v1/storageclasses",
    ):
        for item in api.request("GET", path)["items"]:
            managers = {entry["manager"] for entry in item["metadata"].get("managedFields", ())}
            if FIELD_MANAGER in managers or item["metadata"]["name"].startswith("yiyun-dry-run-"):
                found.append(item["metadata"]["name"])
    return found


def wait_for_nothing(api):
    """Scratch namespaces are deleted by a controller, a moment later."""
    deadline = time.monotonic() + 60
    while (left := written(api)) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert left == []


@pytest.fixture(scope="module")
def api(workplace):
    workplace.yiyun("lab", "up")
    return workplace.api()


@pytest.fixture(scope="module")
def steps(workplace, api, monkeypatch_module):
    """The real previews of all stacks of a site that was never up."""
    monkeypatch_module.setenv("COLUMNS", "200")
    previews = preview_all(Engine(workplace.site), projects().values(), lambda _text: None)
    return [step for preview in previews.values() for step in preview.steps]


MISSPELLED = {
    "Vpc": (("spec", "staticRoutes"), "staticRoute"),
    "VirtualMachine": (("spec", "runStrategy"), "runstrategy"),
    "CephCluster": (("spec", "mon"), "mons"),
    "Deployment": (("spec", "template", "spec", "securityContext"), "securityContex"),
    "NetworkPolicy": (("spec", "policyTypes"), "policyType"),
}


def misspell(steps):
    """A copy of the steps in which one field of one object of each kind has another name; keys to wrong names."""
    changed = copy.deepcopy(steps)
    wrong = {}
    for kind, ((*way, last), name) in MISSPELLED.items():
        step = next(step for step in changed if step.manifest["kind"] == kind)
        place = step.manifest
        for part in way:
            place = place[part]
        place[name] = place.pop(last)
        wrong[step.key] = name
    return changed, wrong


# --- the strict dry run -----------------------------------------------------------------------------------------


def test_what_the_stacks_emit_is_taken(workplace, api, steps):
    assert len(steps) > 200
    assert dry_run.check(api, workplace.site, steps, frozenset()) == []
    wait_for_nothing(api)


def test_a_misspelled_field_is_refused(workplace, api, steps):
    changed, wrong = misspell(steps)
    refusals = dry_run.check(api, workplace.site, changed, frozenset())
    assert {refusal.key for refusal in refusals} == wrong.keys()
    assert all(wrong[refusal.key] in refusal.reason for refusal in refusals)
    with pytest.raises(dry_run.UserError) as caught:
        dry_run.refuse(refusals, workplace.site)
    assert str(caught.value).startswith("nothing was written; the API server would refuse 5 objects:\n")
    assert all(f"\n  {key}: " in str(caught.value) for key in wrong)
    wait_for_nothing(api)


def test_a_kind_that_is_not_served_is_refused(workplace, api):
    manifest = {"apiVersion": "kubeovn.io/v9", "kind": "Vpc", "metadata": {"name": "a"}}
    (refusal,) = dry_run.check(api, workplace.site, [Step("create", "urn::Vpc/a", manifest)], frozenset())
    assert "does not serve kubeovn.io/v9 Vpc" in refusal.reason


def test_what_holds_data_is_never_replaced(workplace, api, steps):
    claim = next(step for step in steps if step.manifest["kind"] == "PersistentVolumeClaim")
    held = Step("replace", claim.urn, claim.manifest, ("spec.storageClassName",), protected=True)
    (refusal,) = dry_run.check(api, workplace.site, [held], frozenset())
    assert refusal.key == claim.key
    assert "spec.storageClassName cannot be changed in place" in refusal.reason


def test_a_replacement_is_tried_though_its_change_is_refused_in_place(workplace, api):
    def storage_class(pool):
        return {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": "replaced"},
            "provisioner": "a.b/c",
            "parameters": {"pool": pool},
        }

    api.request("POST", "/apis/storage.k8s.io/v1/storageclasses", storage_class("one"))
    try:
        in_place = Step("update", "urn::StorageClass/replaced", storage_class("two"))
        (refusal,) = dry_run.check(api, workplace.site, [in_place], frozenset())
        assert "Forbidden" in refusal.reason
        anew = Step("replace", "urn::StorageClass/replaced", storage_class("two"))
        assert dry_run.check(api, workplace.site, [anew], frozenset()) == []
        wrong = Step("replace", "urn::StorageClass/replaced", storage_class("two") | {"provisionr": "x"})
        (refusal,) = dry_run.check(api, workplace.site, [wrong], frozenset())
        assert "provisionr" in refusal.reason
    finally:
        api.request("DELETE", "/apis/storage.k8s.io/v1/storageclasses/replaced")


def test_a_scratch_namespace_of_a_killed_dry_run_is_deleted_by_the_next_operation(workplace, api):
    labels = {"yiyun.io/scratch": "true", "yiyun.io/site": "lab"}
    body = {"metadata": {"name": "yiyun-dry-run-left", "labels": labels}}
    api.request("POST", "/api/v1/namespaces", body)
    done = workplace.yiyun("drift")
    assert "deleted namespace yiyun-dry-run-left" in done.stderr
    wait_for_nothing(api)


# --- objects of somebody else's ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def strangers(api, steps):
    """A security group and a ConfigMap that site.yaml describes, made by hand before; their bodies as made."""
    group = {"apiVersion": "kubeovn.io/v1", "kind": "SecurityGroup", "metadata": {"name": "his-app"}}
    group["spec"] = {"allowSameGroupTraffic": True}
    made = [api.request("POST", GROUPS, group, KUBECTL)]
    wished = next(step.manifest for step in steps if step.key.startswith("ConfigMap/kube-system/"))
    data = dict.fromkeys(wished["data"], "by hand")
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": wished["metadata"]["name"]}, "data": data}
    made.append(api.request("POST", MAPS, config, KUBECTL))
    return made


def live(api, stranger):
    root = GROUPS if "namespace" not in stranger["metadata"] else MAPS
    return api.request("GET", f"{root}/{stranger['metadata']['name']}")


def test_an_object_of_somebody_else_is_not_taken_over(workplace, api, strangers):
    done = workplace.yiyun("up", "--yes", code=2)
    group, config = strangers
    assert "SecurityGroup/his-app: exists already and was made by kubectl-create" in done.stderr
    assert (
        f"ConfigMap/kube-system/{config['metadata']['name']}: exists already and was made by kubectl-create"
        in done.stderr
    )
    assert "nothing was written" in done.stderr
    assert "./yiyun import " in done.stderr
    assert live(api, group) == group
    assert live(api, config) == config
    wait_for_nothing(api)
    assert not list((workplace.site.state_dir / "updates").glob("*"))


def test_import_wants_a_name_that_the_site_describes(workplace, strangers):
    name = strangers[1]["metadata"]["name"]
    done = workplace.yiyun("import", "ConfigMap", name, code=2)
    assert f"did you mean ConfigMap/kube-system/{name}" in done.stderr


def test_import_takes_over_exactly_one(workplace, api, strangers):
    group, config = strangers
    done = workplace.yiyun("import", "SecurityGroup", "his-app")
    assert "take over SecurityGroup/his-app from kubectl-create" in done.stderr
    assert "spec.allowSameGroupTraffic true by kubectl-create -> false" in done.stderr
    now = live(api, group)
    assert now["metadata"]["uid"] == group["metadata"]["uid"]
    assert now["spec"]["allowSameGroupTraffic"] is False
    assert now["metadata"]["labels"]["yiyun.io/site"] == "lab"
    assert live(api, config) == config
    assert set(written(api)) == {"his-app"}


def test_an_up_goes_on_with_what_was_taken_over(workplace, api, strangers):
    """The imported one is not asked for again; the other one is, until it is named."""
    group, config = strangers
    key = f"ConfigMap/kube-system/{config['metadata']['name']}"
    refused = workplace.yiyun("up", "--yes", "--adopt", f"{key}x", code=2)
    assert f"{key}x: no object of the site is called so" in refused.stderr
    done = workplace.yiyun("up", "--yes", "--adopt", key, "--stack", "platform", "--stack", "network")
    assert f"take over {key} from kubectl-create" in done.stderr
    assert "SecurityGroup/his-app" not in done.stderr
    for stranger in strangers:
        now = live(api, stranger)
        assert now["metadata"]["uid"] == stranger["metadata"]["uid"]
        assert now["metadata"]["labels"]["yiyun.io/stack"] == "network"
    assert live(api, group)["spec"]["allowSameGroupTraffic"] is False
    assert "by hand" not in live(api, config)["data"].values()
    assert "no drift" in workplace.yiyun("drift").stdout
