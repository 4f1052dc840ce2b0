"""Pulumi resources of the Kubernetes provider that are no objects themselves: what they stand for must not pass unseen."""

from collections.abc import Mapping
from typing import Any

from yiyun.compliance.engine import INPUT_READABLE
from yiyun.compliance.model import Resource, State, Verdict

RELEASE = "kubernetes:helm.sh/v3:Release"
EXPANDED = frozenset(
    {
        "kubernetes:helm.sh/v2:Chart",
        "kubernetes:helm.sh/v3:Chart",
        "kubernetes:helm.sh/v4:Chart",
        "kubernetes:kustomize/v2:Directory",
        "kubernetes:kustomize:Directory",
        "kubernetes:yaml/v2:ConfigFile",
        "kubernetes:yaml/v2:ConfigGroup",
        "kubernetes:yaml:ConfigFile",
        "kubernetes:yaml:ConfigGroup",
    }
)
"""Types of components whose objects are resources of the stack, judged one by one as the components' children."""

EMPTY = "none of its objects is known: an input is known only after the update, or it has none"


def type_of(urn: str) -> str:
    """Type of a resource as its URN says it; empty for what is no whole URN."""
    parts = urn.split("::")
    return parts[2].rpartition("$")[2] if len(parts) > 3 else ""


def why_hidden(resource_type: str, props: Mapping[str, Any]) -> str:
    """Why a resource with these inputs cannot be judged; empty for an object that says what it is."""
    if isinstance(props.get("apiVersion"), str) and isinstance(props.get("kind"), str):
        return ""
    if resource_type == RELEASE:
        return (
            "a Helm release: its objects are made only while it is installed, so none of them was judged; "
            "use kubernetes.helm.v4.Chart, whose objects are resources of the stack"
        )
    if resource_type in EXPANDED:
        return EMPTY
    return "says no apiVersion and kind, so nothing is known of what it makes"


def hidden_verdict(urn: str, reason: str) -> Verdict:
    """Not evaluated, for one resource."""
    return Verdict(INPUT_READABLE.id, State.NOT_EVALUATED, Resource(urn=urn), reason)
