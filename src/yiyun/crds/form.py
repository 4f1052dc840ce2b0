"""One form for a resource definition, whoever wrote it down: what is hashed is what is registered."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from yiyun.crds.model import Kind, Version

MAPS_OF_SCHEMAS = ("properties", "patternProperties", "definitions", "dependencies")
SCHEMAS = ("allOf", "anyOf", "oneOf", "not", "items", "additionalProperties")
"""Keys with a schema or a list of schemas."""
UNCHECKED = "yiyun.io/unchecked-schema"
"""Label of a definition whose schema is open because no source had the real one."""
DIGEST = "yiyun.io/crd-sha256"
"""Annotation with the hash of what was registered."""


def canonical(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a definition that decide what the API server accepts.

    Left out: descriptions, printer columns, status, creation time, and annotations that only Helm reads.
    """
    metadata = definition["metadata"]
    annotations = {
        key: value for key, value in (metadata.get("annotations") or {}).items() if not key.startswith("helm.sh/")
    }
    kept = {"name": metadata["name"], "annotations": annotations, "labels": metadata.get("labels")}
    spec = dict(definition["spec"])
    spec["versions"] = [_version(version) for version in spec["versions"]]
    return {
        "apiVersion": definition["apiVersion"],
        "kind": definition["kind"],
        "metadata": {key: value for key, value in kept.items() if value},
        "spec": spec,
    }


def _version(version: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in version.items() if key not in {"additionalPrinterColumns", "schema"}}
    if "schema" in version:
        kept["schema"] = {"openAPIV3Schema": without_descriptions(version["schema"]["openAPIV3Schema"])}
    return kept


def without_descriptions(schema: Any) -> Any:
    """A schema without its descriptions; a property that is called `description` stays."""
    if not isinstance(schema, Mapping):
        return schema
    result: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "description":
            continue
        if key in MAPS_OF_SCHEMAS and isinstance(value, Mapping):
            result[key] = {name: without_descriptions(each) for name, each in value.items()}
        elif key in SCHEMAS and isinstance(value, list):
            result[key] = [without_descriptions(each) for each in value]
        elif key in SCHEMAS:
            result[key] = without_descriptions(value)
        else:
            result[key] = value
    return result


def to_bytes(canonical_definition: Mapping[str, Any]) -> bytes:
    """Canonical JSON: sorted keys, no spaces, UTF-8."""
    return json.dumps(canonical_definition, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def describe(definition: Mapping[str, Any], file: str | None) -> Kind:
    """The lock's entry for a definition."""
    spec = definition["spec"]
    names = spec["names"]
    return Kind(
        name=definition["metadata"]["name"],
        file=file,
        kind=names["kind"],
        singular=names.get("singular") or names["kind"].lower(),
        short_names=tuple(names.get("shortNames") or ()),
        scope=spec["scope"],
        versions=tuple(
            Version(
                name=version["name"],
                served=version["served"],
                storage=version["storage"],
                status="status" in (version.get("subresources") or {}),
            )
            for version in spec["versions"]
        ),
        sha256=digest(to_bytes(canonical(definition))),
    )


def open_schema(kind: Kind) -> dict[str, Any]:
    """A definition that accepts any fields, made from the lock's own names, and labelled as unchecked."""
    annotations = {}
    if kind.group.endswith((".k8s.io", ".kubernetes.io")):
        annotations["api-approved.kubernetes.io"] = "unapproved, stands in for the project's own definition"
    versions = [
        {
            "name": version.name,
            "served": version.served,
            "storage": version.storage,
            "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            **({"subresources": {"status": {}}} if version.status else {}),
        }
        for version in kind.versions
    ]
    names = {
        "kind": kind.kind,
        "listKind": f"{kind.kind}List",
        "plural": kind.plural,
        "singular": kind.singular,
        **({"shortNames": list(kind.short_names)} if kind.short_names else {}),
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.name, "labels": {UNCHECKED: "true"}, "annotations": annotations},
        "spec": {
            "group": kind.group,
            "names": names,
            "scope": kind.scope,
            "versions": versions,
            "conversion": {"strategy": "None"},
        },
    }
