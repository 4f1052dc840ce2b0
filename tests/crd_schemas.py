"""Validate manifests against the real CRDs, as strictly as `kubectl apply --validate=strict` would, without a server.

The CRDs come from a bundle: a directory of `*.jsonl.gz`, one CRD as JSON a line. It is named by `YIYUN_BUNDLE`, or lies
beside the checkout. Not covered, because only an API server can: CEL rules (`x-kubernetes-validations`), webhooks, and
the kinds that Kubernetes itself defines (`tests/stacks` sends those to a real one).

    from crd_schemas import assert_valid, needs_bundle
    @needs_bundle
    def test_x(): assert_valid(item.manifest for item in items)
"""

import gzip
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from yiyun.paths import CHECKOUT

BUILT_IN_GROUPS = frozenset(
    {
        "",
        "admissionregistration.k8s.io",
        "apps",
        "autoscaling",
        "batch",
        "discovery.k8s.io",
        "networking.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    }
)
"""API groups that no CRD defines."""

METADATA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$", "maxLength": 253},
        "namespace": {"type": "string", "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 63},
        "labels": {
            "type": "object",
            "additionalProperties": {
                "type": "string",
                "maxLength": 63,
                "pattern": r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$",
            },
        },
        "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
        "finalizers": {"type": "array", "items": {"type": "string"}},
        "ownerReferences": {"type": "array", "items": {"type": "object"}},
    },
    "additionalProperties": False,
}
EMBEDDED = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
REWRITTEN = ("properties", "items", "additionalProperties", "required", "default", "format")
INTEGERS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}


def bundle_dir() -> Path | None:
    """The CRD bundle, or None where there is none."""
    named = os.environ.get("YIYUN_BUNDLE")
    path = Path(named) if named else CHECKOUT.parent / "shared" / "crds"
    path = path / "crds" if (path / "bundle.json").exists() else path
    return path if any(path.glob("*.jsonl.gz")) else None


def require_bundle() -> Path:
    """The CRD bundle; without one the running test is skipped."""
    return bundle_dir() or pytest.skip("no CRD bundle: set YIYUN_BUNDLE to a directory of *.jsonl.gz")


needs_bundle = pytest.mark.usefixtures("crd_bundle")
"""Mark of tests that want the bundle (the fixture is in tests/conftest.py)."""


def strict(schema: Mapping[str, Any], root: bool = False) -> dict[str, Any]:
    """Turn a CRD's structural schema into a JSON Schema (draft 4) that refuses what the API server would prune."""
    out = {k: v for k, v in schema.items() if k not in REWRITTEN}
    properties = {k: strict(v) for k, v in schema.get("properties", {}).items()}
    if root:
        properties = EMBEDDED | properties | {"metadata": METADATA}
    elif schema.get("x-kubernetes-embedded-resource"):
        properties = EMBEDDED | properties
    if schema.get("type") == "object" or properties:
        extra = schema.get("additionalProperties", False)
        if schema.get("x-kubernetes-preserve-unknown-fields"):
            extra = True
        out["properties"] = properties
        out["additionalProperties"] = strict(extra) if isinstance(extra, Mapping) else extra
    if "items" in schema:
        out["items"] = strict(schema["items"])
    if "required" in schema:  # the server fills in defaults before it validates
        required = [k for k in schema["required"] if "default" not in schema.get("properties", {}).get(k, {})]
        if required:  # draft 4 knows no empty list
            out["required"] = required
    if schema.get("x-kubernetes-int-or-string"):
        out.pop("type", None)
        out["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    if schema.get("format") in INTEGERS and "minimum" not in schema and "maximum" not in schema:
        out["minimum"], out["maximum"] = INTEGERS[schema["format"]]
    if schema.get("nullable"):
        # Every other keyword stays as it is: in draft 4 they do not apply to null, except `enum` and the compounds.
        whole = dict(out)
        return {"anyOf": [{"type": "null"}, whole]}
    return out


def _unique_keys(_: Any, keys: list[str], value: Any, __: Any) -> Iterator[jsonschema.ValidationError]:
    """Refuse two list elements with equal map keys, as the server does for `x-kubernetes-list-type: map`."""
    if not isinstance(value, list):
        return
    seen = set()
    for element in value:
        this = tuple(json.dumps(element.get(k)) if isinstance(element, Mapping) else None for k in keys)
        if this in seen:
            yield jsonschema.ValidationError(f"two elements with {', '.join(keys)} = {', '.join(map(str, this))}")
        seen.add(this)


Validator = jsonschema.validators.extend(jsonschema.Draft4Validator, {"x-kubernetes-list-map-keys": _unique_keys})


@dataclass(frozen=True)
class Kind:
    """One served version of a CRD."""

    namespaced: bool
    schema: Mapping[str, Any]

    def errors(self, manifest: Mapping[str, Any]) -> list[str]:
        """What the API server would refuse in `manifest`, one line each with the path of the field."""
        found = [f"{error.json_path}: {error.message}" for error in Validator(self.schema).iter_errors(manifest)]
        has_namespace = "namespace" in manifest.get("metadata", {})
        if has_namespace != self.namespaced:
            found.append(f"$.metadata.namespace: the kind is {'namespaced' if self.namespaced else 'cluster-scoped'}")
        return found


def kinds_of(crd: Mapping[str, Any]) -> dict[tuple[str, str], Kind]:
    """The served versions of one CRD by (apiVersion, kind)."""
    spec = crd["spec"]
    return {
        (f"{spec['group']}/{version['name']}", spec["names"]["kind"]): Kind(
            spec["scope"] == "Namespaced", strict(version["schema"]["openAPIV3Schema"], root=True)
        )
        for version in spec["versions"]
        if version["served"]
    }


@cache
def _read(directory: Path) -> dict[tuple[str, str], Mapping[str, Any]]:
    """All CRDs of a bundle by (group, kind). Where two files define one, the standard channel of Gateway API wins."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for file in sorted(directory.glob("*.jsonl.gz"), key=lambda path: ("standard" in path.name, path.name)):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for line in lines:
                crd = json.loads(line)
                found[(crd["spec"]["group"], crd["spec"]["names"]["kind"])] = crd
    return found


@cache
def _kinds(directory: Path, group: str, kind: str) -> dict[tuple[str, str], Kind]:
    crd = _read(directory).get((group, kind))
    return kinds_of(crd) if crd else {}


def is_built_in(manifest: Mapping[str, Any]) -> bool:
    """Whether Kubernetes itself defines the kind, so that no CRD can be asked."""
    version = manifest["apiVersion"]
    return (version.rpartition("/")[0] if "/" in version else "") in BUILT_IN_GROUPS


def errors(manifest: Mapping[str, Any]) -> list[str]:
    """What is wrong with one custom resource; an unknown kind or version is an error, never a pass."""
    version, kind = manifest["apiVersion"], manifest["kind"]
    known = _kinds(require_bundle(), version.rpartition("/")[0], kind)
    if (version, kind) not in known:
        return [f"no CRD of the bundle serves {version} {kind}"]
    return known[(version, kind)].errors(manifest)


def assert_valid(manifests: Iterable[Mapping[str, Any]]) -> int:
    """Fail when a custom resource breaks its CRD. Built-in kinds are passed over; the others are counted."""
    found, checked = [], 0
    for manifest in manifests:
        if not is_built_in(manifest):
            checked += 1
            found += [f"{manifest['kind']} {manifest['metadata']['name']}: {error}" for error in errors(manifest)]
    assert not found, "\n".join(found)
    return checked
