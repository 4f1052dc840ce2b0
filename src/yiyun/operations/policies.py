"""The rules as admission policies of the API server, and what they cannot do."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import Any

from yiyun import crds
from yiyun.compliance import admission_policies
from yiyun.compliance.admission import cel
from yiyun.compliance.api_resources import BUILT_IN, ApiResource
from yiyun.compliance.pods import HELD
from yiyun.compliance.rule import Rule
from yiyun.compliance.waivers import Waiver


@cache
def resources() -> Mapping[str, ApiResource]:
    """How an API server serves each kind (`group/Kind`): those of Kubernetes itself, and those of crds.lock."""
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


def left_out(rules: Iterable[Rule]) -> list[str]:
    """Lines that name what judges Kubernetes objects in the gate only: whole rules, and kinds of the others."""
    on_objects = [rule for rule in rules if rule.scope in ("object", "objects")]
    without = [rule.id for rule in on_objects if not rule.admission]
    known = resources()
    gaps = [
        f"{rule.id}: no policy for {', '.join(kinds)}: crds.lock does not have it"
        for rule in admission_policies.exported(on_objects)
        if (kinds := admission_policies.unserved(rule, known))
    ]
    held = f"{HELD} (CloneSet, Rollout, Workflow, ...): judged by the gate only; its policies judge the pods made from them"
    return [f"judged by gate and audit only: {', '.join(without)}", held, *gaps]


def refused_although_waived(rules: Iterable[Rule], waivers: Iterable[Waiver], today: date) -> list[str]:
    """A line for each waiver that counts and whose rule has a policy, with the condition that lets its object in.

    It is not written into the policy: CEL knows no day on which a waiver ends.
    """
    enforced = {rule.id for rule in admission_policies.exported(rules)}
    return [
        f"{waiver.place}: {waiver.rule} is waived for {waiver.resource.label} until {waiver.expires}; its policy refuses "
        f"it still, and its pods. To let exactly this object in until then, add to matchConditions: {_other_than(waiver)}"
        for waiver in waivers
        if waiver.rule in enforced and waiver.resource.kind and waiver.flaw(today) is None
    ]


def _other_than(waiver: Waiver) -> str:
    resource = waiver.resource
    parts = {"request.kind.kind": resource.kind, "request.namespace": resource.namespace, "request.name": resource.name}
    return f"!({' && '.join(f'{field} == {cel(value)}' for field, value in parts.items())})"
