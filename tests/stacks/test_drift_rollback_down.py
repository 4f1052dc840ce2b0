"""Day 2 of a site: changes by others are found and put back, an update is taken back, and down leaves data.

One site, in one order: each test goes on where the one before it left the site.
"""

import copy
import json

import pytest

from yiyun.components.kubernetes import key
from yiyun.operations.engine import Engine
from yiyun.operations.projects import projects

pytestmark = pytest.mark.lab

PORTAL = "/apis/apps/v1/namespaces/hosp-a/deployments/his-portal"
SERVICE = "/api/v1/namespaces/hosp-a/services/his-portal"
VPC = "/apis/kubeovn.io/v1/vpcs/hosp-a-prod"
VM = "/apis/kubevirt.io/v1/namespaces/hosp-a/virtualmachines/his-app-1"
MERGE = "application/merge-patch+json"
MALLORY = {"fieldManager": "mallory"}
VOLATILE = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp")
ADDRESSES = ("clusterIP", "clusterIPs")
"""Of a Service: a new one when it is made again."""
BY_CONTROLLERS = ("deployment.kubernetes.io/revision",)
LARGER = "      cpus: 8\n      memory_gib: 40\n      system_disk_gib: 100\n      security_groups: [his-app]\n"
NEW_VM = """    - name: pacs-2
      subnet: hosp-a-az2
      address: 10.101.16.32
      image: openeuler-amd64
      cpu_family: intel
      cpus: 4
      memory_gib: 16
      system_disk_gib: 100
      security_groups: [pacs]
    - name: pacs-1
      subnet"""
NEW_APPLICATION = """    - name: forms
      tenant: shared-svc
      image: registry.lab.yiyun.example/shared/forms:1.0.0
      zones: [az1, az2, az3]
      replicas: 3
      port: 8080
    - name: sso
      tenant: shared-svc"""
NEW_BUCKET = "    - {name: hosp-a-reports, user: hosp-a-imaging, max_size_gib: 100}\n  qos_classes:"
KEPT_OF_THE_EDIT = {"PersistentVolumeClaim/hosp-a/pacs-2-system", "ObjectBucketClaim/hosp-a/hosp-a-reports"}


def state(place):
    """Manifests in the states of all stacks, by key."""
    engine = Engine(place.site)
    return {key(r["inputs"]): r["inputs"] for p in projects().values() for r in engine.objects(p)}


def protected(place):
    """Keys of what holds data, as the states say."""
    engine = Engine(place.site)
    return {key(r["inputs"]) for p in projects().values() for r in engine.objects(p) if r.get("protect")}


def on_server(api, manifests):
    """Those of `manifests` that the server has, without what it adds by itself."""
    found = {}
    for name, manifest in manifests.items():
        live = copy.deepcopy(api.get(manifest))
        if live is None:
            continue
        live.pop("status", None)
        for field in VOLATILE:
            live["metadata"].pop(field, None)
        for field in ADDRESSES if live["kind"] == "Service" else ():
            live["spec"].pop(field, None)
        for annotation in BY_CONTROLLERS:
            live["metadata"].get("annotations", {}).pop(annotation, None)
        found[name] = live
    return found


@pytest.fixture(scope="module")
def api(brought_up):
    return brought_up.api("admin")


@pytest.fixture(scope="module")
def first(brought_up, api):
    """The objects of update 1: manifests by key, and the live objects by key."""
    manifests = state(brought_up)
    live = on_server(api, manifests)
    assert live.keys() == manifests.keys()
    return manifests, live


# --- drift ------------------------------------------------------------------------------------------------------


def test_a_site_just_brought_up_has_no_drift(brought_up, first):
    assert brought_up.yiyun("drift").stdout == "no drift\n"


def test_drift_names_object_field_both_values_who_and_when(brought_up, api):
    patch = {"spec": {"replicas": 9, "template": {"spec": {"nodeSelector": {"disk": "ssd"}}}}}
    changed = api.request("PATCH", PORTAL, patch, MALLORY, MERGE)
    when = next(e["time"] for e in changed["metadata"]["managedFields"] if e["manager"] == "mallory")
    api.request("PATCH", VPC, {"spec": {"staticRoutes": []}}, MALLORY, MERGE)
    api.request("DELETE", SERVICE)
    done = brought_up.yiyun("drift", code=1)
    rows = [[cell.strip() for cell in line.split("│")] for line in done.stdout.splitlines() if "│" in line]
    told = {(row[1], row[2]): row[3:8] for row in rows}
    assert told["Deployment/hosp-a/his-portal", "spec.replicas"] == ["6", "9", "mallory", when, "puts it back"]
    added = told["Deployment/hosp-a/his-portal", "spec.template.spec.nodeSelector"]
    assert added == ["absent", '{"disk": "ssd"}', "mallory", when, "leaves it"]
    assert told["Service/hosp-a/his-portal", ""] == ["present", "deleted", "", "", "makes it again"]
    assert told["Vpc/hosp-a-prod", "spec.staticRoutes"][1:3] == ["[]", "mallory"]
    assert {row[1] for row in rows if row[1]} == {
        "Deployment/hosp-a/his-portal",
        "Service/hosp-a/his-portal",
        "Vpc/hosp-a-prod",
    }


def test_an_up_puts_back_what_others_changed(brought_up, api, first):
    nobody_adds = {"spec": {"template": {"spec": {"nodeSelector": None}}}}
    api.request("PATCH", PORTAL, nobody_adds, MALLORY, MERGE)  # what others add stays, so mallory takes it away
    done = brought_up.yiyun("up", "--yes")
    assert "mend     Deployment/hosp-a/his-portal: spec.replicas 9 by mallory -> 6" in done.stderr
    assert "mend     Service/hosp-a/his-portal: deleted by somebody" in done.stderr
    assert "3 resources changed" in done.stdout
    now = on_server(api, first[0])
    for name in ("Deployment/hosp-a/his-portal", "Vpc/hosp-a-prod", "Service/hosp-a/his-portal"):
        assert now[name]["metadata"]["labels"] == first[1][name]["metadata"]["labels"]
    assert now["Deployment/hosp-a/his-portal"] == first[1]["Deployment/hosp-a/his-portal"]
    assert now["Vpc/hosp-a-prod"] == first[1]["Vpc/hosp-a-prod"]
    assert brought_up.yiyun("drift").stdout == "no drift\n"
    assert "0 resources changed" in brought_up.yiyun("up").stdout


# --- rollback ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def edited(brought_up, api, first):
    """An edit by an engineer, brought up, of a VM whose size mallory changed, too: no conflict may stop it."""
    path = brought_up.directory / "site.yaml"
    text = path.read_text(encoding="utf-8")
    at = text.index("      cpus: 8\n      memory_gib: 32\n")
    old = text[at : at + len(LARGER)]
    path.write_text(
        text[:at] + old.replace("memory_gib: 32", "memory_gib: 40") + text[at + len(old) :], encoding="utf-8"
    )
    brought_up.edit("    - name: pacs-1\n      subnet", NEW_VM)
    brought_up.edit("    - name: sso\n      tenant: shared-svc", NEW_APPLICATION)
    brought_up.edit("  qos_classes:", NEW_BUCKET)
    size = {"spec": {"template": {"spec": {"domain": {"memory": {"guest": "64Gi"}}}}}}
    api.request("PATCH", VM, size, MALLORY, MERGE)
    brought_up.yiyun("up", "--yes")
    assert api.request("GET", VM)["spec"]["template"]["spec"]["domain"]["memory"]["guest"] == "40Gi"
    assert KEPT_OF_THE_EDIT | {"Deployment/shared-svc/forms"} <= state(brought_up).keys()


def recorded(place):
    directory = place.site.state_dir / "updates"
    return {int(path.parent.name): json.loads(path.read_text()) for path in directory.glob("*/update.json")}


def test_an_unknown_update_is_refused(brought_up, edited):
    done = brought_up.yiyun("rollback", "--to", "99", "--yes", code=2)
    assert "has no update 99; recorded are:" in done.stderr
    assert all(f"  {number}  " in done.stderr for number in recorded(brought_up))


def test_a_rollback_that_deletes_wants_consent(brought_up, edited, api):
    before = recorded(brought_up).keys()
    done = brought_up.yiyun("rollback", "--to", "1", code=2)
    assert "delete   Deployment/shared-svc/forms" in done.stderr
    assert "add --yes; nothing was written" in done.stderr
    assert api.request("GET", "/apis/apps/v1/namespaces/shared-svc/deployments/forms")
    assert recorded(brought_up).keys() == before


def test_a_rollback_restores_all_objects_and_keeps_data(brought_up, edited, api, first):
    done = brought_up.yiyun("rollback", "--to", "1", "--yes")
    for name in KEPT_OF_THE_EDIT:
        assert f"kept, it holds data and left site.yaml: {name}" in done.stdout
    assert on_server(api, first[0]) == first[1]
    now = state(brought_up)
    assert now.keys() == first[0].keys() | KEPT_OF_THE_EDIT
    assert on_server(api, now).keys() == now.keys()
    assert not api.get(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "forms", "namespace": "shared-svc"}}
    )


# --- down -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def backup(brought_up, api, first):
    """A completed backup, as Velero records it: the control-plane tier runs no Velero."""
    body = {
        "apiVersion": "velero.io/v1",
        "kind": "Backup",
        "metadata": {"name": "daily-20260101", "namespace": "velero"},
        "spec": {"includedNamespaces": ["hosp-a"]},
        "status": {"phase": "Completed", "completionTimestamp": "2026-01-01T01:07:00Z"},
    }
    api.request("POST", "/apis/velero.io/v1/namespaces/velero/backups", body)


def test_down_wants_consent(brought_up, backup, api, first):
    done = brought_up.yiyun("down", code=2)
    assert "nothing was written" in done.stderr
    assert "delete   Deployment/hosp-a/his-portal" in done.stderr
    assert on_server(api, first[0]).keys() == first[0].keys()


def test_down_refuses_another_cluster(brought_up, backup, api, first):
    """Nothing is there that the state describes; a down would forget all that the right cluster holds."""
    recorded = brought_up.site.state_dir / "cluster"
    uid = recorded.read_text(encoding="ascii")
    recorded.write_text("00000000-0000-0000-0000-000000000000", encoding="ascii")
    assert "is another cluster than the one" in brought_up.yiyun("down", "--yes", code=2).stderr
    assert "is another cluster than the one" in brought_up.yiyun("drift", code=2).stderr
    recorded.write_text(uid, encoding="ascii")
    assert on_server(api, first[0]).keys() == first[0].keys()


def test_down_deletes_what_holds_no_data_and_lists_what_does(brought_up, backup, api):
    before, data = state(brought_up), protected(brought_up)
    assert {m["kind"] for name, m in before.items() if name in data} >= {
        "CephBlockPool",
        "CephCluster",
        "CephObjectStore",
        "Cluster",
        "Namespace",
        "OBCluster",
        "ObjectBucketClaim",
        "PersistentVolumeClaim",
        "TidbCluster",
    }
    done = brought_up.yiyun("down", "--yes")
    assert {line.partition(": ")[2] for line in done.stdout.splitlines() if line.startswith("kept, it holds")} == data
    after = state(brought_up)
    assert data <= after.keys()
    assert on_server(api, before).keys() == after.keys()
    # What else stays guards the data, is named by it, or was made before it because it needs it.
    assert {after[name]["kind"] for name in after.keys() - data} == {
        "Certificate",
        "LimitRange",
        "NetworkPolicy",
        "ObjectStore",
        "ResourceQuota",
        "StorageClass",
        "VolumeAttributesClass",
        "VolumeImportSource",
    }
    assert f"{len(before) - len(after)} objects deleted" in done.stdout
    homes = {
        m["metadata"]["namespace"] for name, m in before.items() if name in data and m["metadata"].get("namespace")
    }
    assert {f"Namespace/{home}" for home in homes} <= data
    for home in homes:
        assert f"NetworkPolicy/{home}/default-deny" in after


def test_a_second_down_has_nothing_to_do(brought_up):
    assert "nothing to delete\n" in brought_up.yiyun("down").stdout


def test_a_wrong_name_deletes_nothing(brought_up, api):
    before = state(brought_up)
    done = brought_up.yiyun("down", "--confirm", "his-app-9", code=2)
    assert "--confirm his-app-9: 0 objects that hold data are called so" in done.stderr
    assert all(f"  {name}\n" in done.stderr for name in protected(brought_up))
    assert on_server(api, before).keys() == before.keys()


def test_a_namespace_with_data_in_it_is_not_deleted(brought_up, api):
    done = brought_up.yiyun("down", "--confirm", "Namespace/hosp-a", code=2)
    assert "would be deleted with all data in it" in done.stderr
    assert "PersistentVolumeClaim/hosp-a/his-app-1-system" in done.stderr
    assert "deletionTimestamp" not in api.request("GET", "/api/v1/namespaces/hosp-a")["metadata"]


def test_one_name_deletes_exactly_that(brought_up, api):
    before = state(brought_up)
    done = brought_up.yiyun("down", "--confirm", "his-app-1-system")
    gone = "PersistentVolumeClaim/hosp-a/his-app-1-system"
    assert f"{gone}: last backup: daily-20260101 of 2026-01-01T01:07:00Z" in done.stderr
    assert f"{gone}: deleted, the server has it no more" in done.stderr
    assert api.get(before[gone]) is None
    after = state(brought_up)
    assert after.keys() == before.keys() - {gone}
    assert on_server(api, before).keys() == after.keys()


def test_an_up_brings_the_site_back(brought_up, api, first):
    """From update 1's files: site.yaml still has the edit, which is taken out of it as rollback told."""
    path = brought_up.directory / "site.yaml"
    path.write_bytes((brought_up.site.state_dir / "updates" / "000001" / "site" / "site.yaml").read_bytes())
    done = brought_up.yiyun("up", "--yes")
    for name in KEPT_OF_THE_EDIT:
        assert f"kept, it holds data and left site.yaml: {name}" in done.stdout
    assert state(brought_up).keys() == first[0].keys() | KEPT_OF_THE_EDIT
    assert on_server(api, first[0]) == first[1]
    assert brought_up.yiyun("drift").stdout == "no drift\n"
