"""The rules as admission policies of the API server, for one site."""

from collections.abc import Iterable, Mapping
from typing import Any

from yiyun.compliance import admission_policies
from yiyun.compliance.api_resources import BUILT_IN, ApiResource
from yiyun.compliance.rule import Rule
from yiyun.lab import crds


def resources() -> Mapping[str, ApiResource]:
    """How an API server serves each kind: those of Kubernetes itself, and those of crds.lock."""
    custom = {
        f"{kind.group}/{kind.kind}": ApiResource(
            kind.group,
            tuple(version.name for version in kind.versions if version.served),
            kind.plural,
            kind.scope == "Namespaced",
        )
        for kind in crds.read().kinds
    }
    return BUILT_IN | custom


def manifests(rules: Iterable[Rule]) -> list[dict[str, Any]]:
    """A ValidatingAdmissionPolicy and its binding for each rule that has one, by shape of the objects."""
    return admission_policies.policies(rules, resources())
