"""Reading a cluster from an API server that answers in every way one can, and what is kept of it."""

import json

import pytest
from api_answers import Server, pods, refusal

from yiyun.errors import UserError
from yiyun.evidence.cluster import reader, records
from yiyun.evidence.cluster.reader import Listing, Reader
from yiyun.evidence.cluster.records import ClusterRecord


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path)
    yield made
    made.close()


def test_all_pages_of_a_kind_are_read_whole(server):
    def page(query):
        after = {None: ("a", "2"), "2": ("b", "3"), "3": ("c", None)}[query.get("continue")]
        return 200, {"metadata": {"continue": after[1]}, "items": pods(after[0])}

    server.answers["/api/v1/pods"] = page
    listing = Reader(server.api).read("Pod")
    assert listing.problem is None
    whole = {"apiVersion": "v1", "kind": "Pod"}
    assert list(listing.items) == [{**whole, "metadata": {"name": name, "namespace": "a"}} for name in "abc"]
    assert {query["limit"] for path, query in server.asked if path == "/api/v1/pods"} == {str(reader.PAGE)}


@pytest.mark.parametrize("always", [False, True])
def test_a_list_that_expires_is_read_again_once(server, always):
    def page(query):
        if "continue" in query:
            return refusal(410, "too old")
        more = {"continue": "2"} if "limit" in query or always else {}
        return 200, {"metadata": more, "items": pods("a", "b")}

    server.answers["/api/v1/pods"] = page
    listing = Reader(server.api).read("Pod")
    asked = [query for path, query in server.asked if path == "/api/v1/pods"]
    if always:
        assert "too old" in listing.problem
        assert len(asked) == 4
    else:
        assert [item["metadata"]["name"] for item in listing.items] == ["a", "b"]
        assert len(asked) == 3


def test_an_empty_list_may_be_null(server):
    server.answers["/api/v1/nodes"] = (200, {"items": None})
    assert Reader(server.api).read("Node") == Listing("Node")


def test_what_is_not_served_has_no_objects(server):
    reading = Reader(server.api)
    for kind in ("apps/DaemonSet", "kubeovn.io/Subnet", "Pods"):
        assert reading.read(kind) == Listing(kind)


def test_the_preferred_version_comes_first_and_others_count(server):
    for version in ("v1", "v1beta1"):
        server.answers[f"/apis/apps/{version}/deployments"] = (200, {"items": [{"metadata": {"name": version}}]})
        server.answers[f"/apis/apps/{version}/scales"] = (200, {"items": [{"metadata": {"name": version}}]})
    reading = Reader(server.api)
    for kind, version in (("Deployment", "v1"), ("Scale", "v1beta1")):
        (item,) = reading.read(f"apps/{kind}").items
        assert item == {"apiVersion": f"apps/{version}", "kind": kind, "metadata": {"name": version}}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refusal(403, 'User "auditor" cannot list'), "Node may not be read by this account: 403 Because: User"),
        (refusal(500, "etcd is gone"), "Node could not be read: 500"),
        ((200, b"<html>"), "no list of objects"),
        ((200, {"items": ["text"]}), "no list of objects"),
        ((200, {"items": {"a": 1}}), "no list of objects"),
        ((200, {"metadata": {}}), "no list of objects"),
        ((200, {"items": [], "metadata": "x"}), "no list of objects"),
        ((200, []), "no list of objects"),
        (refusal(410, "gone"), "Node could not be read: 410"),
    ],
)
def test_what_cannot_be_read_is_named(server, answer, said):
    server.answers["/api/v1/nodes"] = answer
    listing = Reader(server.api).read("Node")
    assert listing.items == ()
    assert said in listing.problem


@pytest.mark.parametrize("path", ["/apis", "/api/v1", "/apis/apps/v1"])
@pytest.mark.parametrize(
    "answer", [(200, b"<html>"), (200, {}), (200, {"groups": 1, "resources": [1]}), refusal(404, "no")]
)
def test_a_server_that_does_not_say_what_it_serves_has_no_empty_kinds(server, path, answer):
    server.answers[path] = answer
    for kind in ("Event", "apps/DaemonSet"):
        listing = Reader(server.api).read(kind)
        assert bool(listing.problem) == (path == "/apis" or ("/" in kind) == ("apps" in path)), listing


def test_an_api_group_that_is_down_is_no_empty_one(server):
    assert "503" in Reader(server.api).read("sick.io/Thing").problem


def test_a_server_that_is_gone_is_named(server):
    api = server.api
    server.close()
    assert "does not answer" in Reader(api).read("Pod").problem


POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"text": "医\ud800"}}
KEPT = ClusterRecord(
    "https://x:6443",
    "2026-11-28T04:00:00+00:00",
    None,
    {
        "Pod": Listing("Pod", (POD, POD)),
        "apps/Deployment": Listing("apps/Deployment"),
        "Node": Listing("Node", (), "no"),
    },
)


def test_a_record_comes_back_as_it_was_kept(tmp_path):
    for kept in (KEPT, ClusterRecord("https://x:6443", "2026-11-28T04:00:00+00:00", "does not answer")):
        records.save(tmp_path, kept)
        assert records.load(tmp_path) == kept


def test_objects_that_were_altered_are_no_evidence(tmp_path):
    records.save(tmp_path, KEPT)
    (tmp_path / "Pod.json").write_text((tmp_path / "Pod.json").read_text().replace('"a"', '"b"'))
    (tmp_path / "Deployment.apps.json").unlink()
    listings = records.load(tmp_path).listings
    for kind in ("Pod", "apps/Deployment"):
        assert listings[kind] == Listing(kind, problem=f"{kind}: the saved objects have been altered")


@pytest.mark.parametrize(
    "change",
    [
        lambda about: {**about, "schema": "other/1"},
        lambda about: [],
        lambda about: {"schema": about["schema"]},
        lambda about: {**about, "kinds": {"Pod": {}}},
        lambda about: {**about, "kinds": {"../../etc/Pod": about["kinds"]["Pod"]}},
        lambda about: {**about, "kinds": {"Pod": []}},
    ],
)
def test_what_is_no_record_is_refused_at_its_file(tmp_path, change):
    records.save(tmp_path, KEPT)
    path = tmp_path / records.FILE
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(UserError, match=r"cluster\.json:1: "):
        records.load(tmp_path)
