"""Who wrote which field of a live object, as `metadata.managedFields` tells."""

import pytest

from yiyun.operations.drift import shown_path
from yiyun.operations.managed_fields import additions, is_written_by_us, managers, writer

CONTAINERS = {'k:{"name":"app"}': {".": {}, "f:image": {}}}


def entry(manager, fields, time="1", **more):
    return {"manager": manager, "operation": "Update", "time": time, "fieldsV1": fields, **more}


OURS = {
    "manager": "yiyun",
    "operation": "Apply",
    "time": "1",
    "fieldsV1": {"f:spec": {"f:replicas": {}, "f:containers": CONTAINERS}},
}


def live(*entries, **spec):
    return {"metadata": {"managedFields": [OURS, *entries]}, "spec": spec}


def test_the_last_writer_of_a_field_is_named():
    found = live(
        entry("mallory", {"f:spec": {"f:replicas": {}}}, "2"),
        entry("trudy", {"f:spec": {"f:replicas": {}}}, "3"),
        entry("other", {"f:spec": {"f:paused": {}}}, "4"),
        replicas=9,
    )
    assert writer(found, ("spec", "replicas")) == ("trudy", "3")


def test_a_field_that_nobody_claims_has_no_writer():
    found = live(entry("mallory", {"f:spec": {"f:paused": {}}}, "2"), replicas=9)
    assert writer(found, ("spec", "replicas")) == ("", "")


def test_the_writer_of_one_element_is_not_taken_for_the_writer_of_another():
    found = live(
        entry("mallory", {"f:spec": {"f:containers": {'k:{"name":"side"}': {"f:image": {}}}}}, "9"),
        entry("trudy", {"f:spec": {"f:containers": CONTAINERS}}, "2"),
        containers=[{"name": "app", "image": "a"}, {"name": "side", "image": "b"}],
    )
    assert writer(found, ("spec", "containers", 0, "image")) == ("trudy", "2")
    assert writer(found, ("spec", "containers", 1, "image")) == ("mallory", "9")


def test_the_writer_of_a_whole_list_wrote_what_is_in_it():
    found = live(entry("mallory", {"f:spec": {"f:routes": {}}}, "2"), routes=[{"cidr": "0.0.0.0/0"}])
    assert writer(found, ("spec", "routes", 0, "cidr")) == ("mallory", "2")


def test_an_update_under_our_name_is_not_ours():
    found = live(entry("yiyun", {"f:spec": {"f:replicas": {}}}, "2"), replicas=9)
    assert writer(found, ("spec", "replicas")) == ("yiyun", "2")


MANIFEST = {"spec": {"replicas": 3, "containers": [{"name": "app", "image": "a"}]}}


@pytest.mark.parametrize(
    ("fields", "spec", "expected"),
    [
        pytest.param({"f:paused": {}}, {"paused": True}, [("spec.paused", True)], id="field"),
        pytest.param({"f:replicas": {}}, {"replicas": 9}, [], id="a field that is ours is changed, not added"),
        pytest.param(
            {"f:nodeSelector": {"f:disk": {}}},
            {"nodeSelector": {"disk": "ssd"}},
            [("spec.nodeSelector", {"disk": "ssd"})],
            id="map",
        ),
        pytest.param(
            {"f:containers": {'k:{"name":"app"}': {"f:securityContext": {"f:privileged": {}}}}},
            {"containers": [{"name": "app", "image": "a", "securityContext": {"privileged": True}}]},
            [("spec.containers[0].securityContext", {"privileged": True})],
            id="inside an element of ours",
        ),
        pytest.param(
            {"f:containers": {'k:{"name":"side"}': {".": {}, "f:image": {}, "f:name": {}}}},
            {"containers": [{"name": "side", "image": "b"}, {"name": "app", "image": "a"}]},
            [("spec.containers[0]", {"name": "side", "image": "b"})],
            id="a whole element, told once",
        ),
    ],
)
def test_what_others_add_is_found(fields, spec, expected):
    found = live(entry("mallory", {"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": fields}, "2"), **spec)
    told = [(shown_path(path), value, manager, at) for path, value, manager, at in additions(found, MANIFEST)]
    assert told == [(path, value, "mallory", "2") for path, value in expected]


def test_controllers_and_status_add_nothing():
    found = live(
        entry("kube-controller-manager", {"f:spec": {"f:volumeName": {}}}),
        entry("mallory", {"f:status": {"f:phase": {}}, "f:spec": {"f:volumeName": {}}}, subresource="status"),
        entry("mallory", {"f:status": {"f:phase": {}}}),
        volumeName="v",
    )
    assert list(additions(found, MANIFEST)) == []


def test_makers_are_named():
    stranger = {"metadata": {"managedFields": [entry("kubectl-create", {}), entry("kwok", {}, subresource="status")]}}
    assert not is_written_by_us(stranger)
    assert managers(stranger) == "kubectl-create"
    assert managers({"metadata": {}}) == "somebody else"
    assert is_written_by_us(live())


def test_paths_are_written_as_kubectl_reads_them():
    assert shown_path(("spec", "containers", 0, "image")) == "spec.containers[0].image"
    assert shown_path(("metadata", "labels", "yiyun.io/site")) == 'metadata.labels["yiyun.io/site"]'
