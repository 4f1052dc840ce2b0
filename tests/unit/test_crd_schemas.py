"""The strict CRD check must refuse what a strict API server refuses, and nothing else."""

import copy

import pytest
from crd_schemas import assert_valid, errors, kinds_of, needs_bundle

CRD = {
    "spec": {
        "group": "test.example",
        "scope": "Namespaced",
        "names": {"kind": "Thing"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "required": ["spec"],
                        "properties": {
                            "apiVersion": {"type": "string"},
                            "kind": {"type": "string"},
                            "metadata": {"type": "object"},
                            "spec": {
                                "type": "object",
                                "required": ["size", "mode"],
                                "properties": {
                                    "size": {"type": "integer", "format": "int32", "minimum": 1},
                                    "mode": {"type": "string", "default": "a", "enum": ["a", "b"]},
                                    "port": {"x-kubernetes-int-or-string": True},
                                    "id": {"type": "string", "pattern": "^[a-z]+$"},
                                    "count": {"type": "integer", "format": "int32"},
                                    "maybe": {"type": "string", "nullable": True},
                                    "map": {"type": "object", "additionalProperties": {"type": "string"}},
                                    "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                                    "closed": {"type": "object"},
                                    "template": {
                                        "type": "object",
                                        "x-kubernetes-embedded-resource": True,
                                        "properties": {"spec": {"type": "object", "properties": {}}},
                                    },
                                    "list": {
                                        "type": "array",
                                        "x-kubernetes-list-type": "map",
                                        "x-kubernetes-list-map-keys": ["name"],
                                        "items": {"type": "object", "properties": {"name": {"type": "string"}}},
                                    },
                                },
                            },
                        },
                    }
                },
            },
            {"name": "v0", "served": False, "schema": {"openAPIV3Schema": {"type": "object"}}},
        ],
    }
}
GOOD = {
    "apiVersion": "test.example/v1",
    "kind": "Thing",
    "metadata": {"name": "x", "namespace": "y", "labels": {"a/b": "c"}},
    "spec": {
        "size": 3,
        "port": "http",
        "id": "abc",
        "maybe": None,
        "map": {"k": "v"},
        "open": {"anything": [1]},
        "closed": {},
        "template": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {}},
        "list": [{"name": "a"}, {"name": "b"}],
    },
}


def thing():
    return kinds_of(CRD)[("test.example/v1", "Thing")]


def test_good_object_passes():
    assert thing().errors(GOOD) == []


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        (("spec", "sise"), 3, "$.spec"),
        (("spec", "size"), 0, "minimum"),
        (("spec", "size"), "3", "integer"),
        (("spec", "size"), True, "integer"),
        (("spec", "count"), 2**31, "maximum"),
        (("spec", "mode"), "c", "one of"),
        (("spec", "port"), 1.5, "port"),
        (("spec", "id"), "A", "match"),
        (("spec", "id"), None, "string"),
        (("spec", "map"), {"k": 1}, "string"),
        (("spec", "closed"), {"x": 1}, "unexpected"),
        (("spec", "template", "spec", "x"), 1, "unexpected"),
        (("spec", "list"), [{"name": "a"}, {"name": "a"}], "two elements"),
        (("metadata", "label"), {}, "unexpected"),
        (("metadata", "labels"), {"a": "b c"}, "match"),
        (("metadata", "name"), "Upper", "match"),
        (("status",), {}, "unexpected"),
    ],
)
def test_bad_object_is_refused(path, value, text):
    manifest = copy.deepcopy(GOOD)
    at = manifest
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    found = thing().errors(manifest)
    assert len(found) == 1
    assert text in found[0]


def test_required_scope_and_unserved_version():
    no_size = copy.deepcopy(GOOD)
    del no_size["spec"]["size"]
    assert "'size' is a required property" in thing().errors(no_size)[0]
    no_namespace = copy.deepcopy(GOOD)
    del no_namespace["metadata"]["namespace"]
    assert "namespaced" in thing().errors(no_namespace)[0]
    assert ("test.example/v0", "Thing") not in kinds_of(CRD)


@needs_bundle
def test_real_crds():
    vpc = {"apiVersion": "kubeovn.io/v1", "kind": "Vpc", "metadata": {"name": "a"}, "spec": {"namespaces": ["a"]}}
    assert assert_valid([vpc, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}]) == 1
    assert errors(vpc | {"spec": {"namespace": ["a"]}})
    assert errors(vpc | {"apiVersion": "kubeovn.io/v2"}) == ["no CRD of the bundle serves kubeovn.io/v2 Vpc"]
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "TCPRoute",
        "metadata": {"name": "a", "namespace": "b"},
        "spec": {"rules": [{"backendRefs": [{"name": "x", "port": 1}]}]},
    }
    assert errors(route) == []
    with pytest.raises(AssertionError, match="namespace"):
        assert_valid([vpc | {"spec": {"namespace": ["a"]}}])
