"""The audit of a real API server, as its auditor: what runs, what changed, what may not be read."""

import json

import pytest
from waiting import wait_until

from yiyun.evidence.cluster import records

CANARY = "CANARYcanary5"
RULE = "image_from_site_registry"
BAD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "bad", "namespace": "default"},
    "spec": {
        "containers": [
            {
                "name": "web",
                "image": "registry.example/app:1",
                "env": [{"name": "DB_PASSWORD", "value": CANARY}],
            }
        ]
    },
}
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "canary", "namespace": "default"},
    "stringData": {"password": CANARY},
}


@pytest.fixture(scope="module")
def running(workplace):
    """A lab without stacks, whose controllers have made the account that pods of `default` run as."""
    workplace.yiyun("lab", "up")
    api = workplace.api()
    wait_until(lambda: api.request("GET", "/api/v1/namespaces/default/serviceaccounts")["items"])
    return workplace


def audit(place, *args, code=1):
    """The findings of an audit, all of them."""
    return json.loads(place.yiyun("audit", *args, "--format", "json", "--all", code=code).stdout)


def states(report, rule, **resource):
    return {
        finding["state"]
        for finding in report["findings"]
        if finding["rule"] == rule and all(finding["resource"][key] == value for key, value in resource.items())
    }


def test_what_runs_is_judged_kept_and_judged_again(running, tmp_path):
    api = running.api()
    for bad in (BAD, SECRET):
        api.request("POST", api.kind("v1", bad["kind"]).path("default"), bad)
    first, second = tmp_path / "first", tmp_path / "second"
    report = audit(running, "--cluster", "--out", str(first))
    assert states(report, RULE, name="bad") == {"fail"}
    kept = records.load(first / "cluster")
    assert kept.problem is None
    assert {listing.problem for listing in kept.listings.values()} == {None}, "the auditor may read what rules read"
    assert "Secret" not in kept.listings
    for kind in ("Pod", "Namespace", "Service", "rbac.authorization.k8s.io/ClusterRole"):
        assert kept.listings[kind].items, kind
    assert not [file for file in first.rglob("*") if file.is_file() and CANARY.encode() in file.read_bytes()]
    again = audit(running, "--evidence", str(first))
    for one in (report, again):
        for finding in one["findings"]:
            finding["resource"]["file"] = finding["resource"]["line"] = None
    assert again["findings"] == report["findings"]

    api.request("DELETE", api.kind("v1", "Pod").path("default", "bad"), {"gracePeriodSeconds": 0})
    changed = audit(running, "--cluster", "--out", str(second), "--since", str(first))["difference"]
    assert {RULE} <= {change["rule"] for change in changed["gone"] if change["resource"]["name"] == "bad"}
    assert not [change for change in changed["new"] if change["resource"]["name"] == "bad"]
    assert changed["still_open"]


def test_who_may_not_read_passes_nothing(running, tmp_path):
    api = running.api("admin")
    binding = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/yiyun:auditor"
    whole = api.request("GET", binding)
    api.request("DELETE", binding)
    try:
        report = audit(running, "--cluster", "--out", str(tmp_path / "audit"))
    finally:
        metadata = {key: whole["metadata"][key] for key in ("name", "labels")}
        api.request("POST", binding.rpartition("/")[0], {**whole, "metadata": metadata})
    of_objects = [finding for finding in report["findings"] if not finding["resource"]["site"]]
    assert of_objects
    assert {finding["state"] for finding in of_objects} == {"not_evaluated"}
    assert all("may not be read by this account" in finding["message"] for finding in of_objects)


def test_a_cluster_that_is_down_is_named(running):
    running.yiyun("lab", "down")
    report = audit(running, "--cluster")
    assert states(report, "pod_privileged") == {"not_evaluated"}
    messages = {f["message"] for f in report["findings"] if f["rule"] == "pod_privileged"}
    assert any("does not answer" in message for message in messages)
