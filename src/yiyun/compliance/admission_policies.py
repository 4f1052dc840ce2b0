"""Rules as ValidatingAdmissionPolicies: what the gate stops, the API server then refuses, whoever writes it."""

from collections.abc import Iterable, Mapping
from typing import Any

from yiyun.compliance.admission import Admission
from yiyun.compliance.api_resources import REMOVED, ApiResource
from yiyun.compliance.model import Enforcement
from yiyun.compliance.pods import HELD, POD_PATHS
from yiyun.compliance.rule import Rule
from yiyun.site.labels import ENFORCEMENT, MANAGED_BY, RULE

API_VERSION = "admissionregistration.k8s.io/v1"
POLICY = "ValidatingAdmissionPolicy"
BINDING = "ValidatingAdmissionPolicyBinding"
EXEMPT_NAMESPACES = ("kube-system", "kube-node-lease", "kube-public")
"""Kubernetes' own: a policy that keeps its parts from starting is worse than none."""
SHAPES = {
    "spec": "pod",
    "template.spec": "podtemplate",
    "spec.template.spec": "workload",
    "spec.jobTemplate.spec.template.spec": "cronjob",
}
"""Where a kind keeps its pod -> part of the name of its policies."""
ACTIONS = {Enforcement.MANDATORY: ["Deny"], Enforcement.ADVISORY: ["Audit", "Warn"]}
_BY_ITSELF = {
    "name": "not-by-the-api-server-itself",
    # At its start it writes the roles that Kubernetes needs, wildcards among them, and is not ready before.
    "expression": "request.userInfo.username != 'system:apiserver'",
}


def exported(rules: Iterable[Rule]) -> list[Rule]:
    """The rules that have a policy."""
    return [rule for rule in rules if rule.admission]


def policies(rules: Iterable[Rule], resources: Mapping[str, ApiResource]) -> list[dict[str, Any]]:
    """A policy and its binding for each shape of each rule, in order of name.

    `resources`: `group/Kind` -> how it is served. A kind that it does not have gets none, see `unserved`.
    """
    made: dict[str, list[dict[str, Any]]] = {}
    for rule in exported(rules):
        for admission in rule.admission:
            known = [kind for kind in admission.kinds or rule.kinds if kind in resources]
            for shape, kinds in _by_shape(known).items():
                policy = _policy(rule, admission, shape, [resources[kind] for kind in kinds])
                made[policy["metadata"]["name"]] = [policy, _binding(rule, policy["metadata"])]
    return [each for name in sorted(made) for each in made[name]]


def unserved(rule: Rule, resources: Mapping[str, ApiResource]) -> list[str]:
    """Kinds of a rule that get no policy, since under which name a server has them is not known."""
    return [kind for kind in rule.kinds if kind not in resources and kind not in REMOVED and kind != HELD]


def _by_shape(kinds: Iterable[str]) -> dict[str, list[str]]:
    """Kinds by the path of their pod, empty for those without one: a server checks the types of one path only."""
    found: dict[str, list[str]] = {}
    for kind in kinds:
        found.setdefault(POD_PATHS.get(kind, ""), []).append(kind)
    return found


def _policy(rule: Rule, admission: Admission, shape: str, served: list[ApiResource]) -> dict[str, Any]:
    parts = [part for part in (rule.id.replace("_", "-"), SHAPES.get(shape, ""), admission.name) if part]
    return {
        "apiVersion": API_VERSION,
        "kind": POLICY,
        "metadata": {"name": "-".join(("yiyun", *parts)), "labels": _labels(rule)},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "matchPolicy": "Equivalent",
                "namespaceSelector": {
                    "matchExpressions": [
                        {
                            "key": "kubernetes.io/metadata.name",
                            "operator": "NotIn",
                            "values": list(EXEMPT_NAMESPACES),
                        }
                    ]
                },
                "objectSelector": {},
                "resourceRules": [_matched(each) for each in served],
            },
            "matchConditions": [_BY_ITSELF, _changed(admission, shape)],
            **_variables(admission, shape),
            "validations": [{"expression": admission.expression, "message": message(rule), "reason": "Forbidden"}],
        },
    }


def _matched(resource: ApiResource) -> dict[str, Any]:
    return {
        "apiGroups": [resource.group],
        "apiVersions": list(resource.versions),
        "operations": ["CREATE", "UPDATE"],
        "resources": [resource.plural, *(f"{resource.plural}/{each}" for each in resource.subresources)],
        "scope": "Namespaced" if resource.namespaced else "Cluster",
    }


def _changed(admission: Admission, shape: str) -> dict[str, str]:
    """Lets an update through that leaves alone what the rule judges.

    Else finalizers could not be taken off, nor a count changed, of what was there before the policy.
    """
    parts = [shape.partition(".")[0]] if shape else list(admission.parts)
    if shape == "spec" and "variables.annotations" in admission.expression:
        parts.append("metadata.annotations")
    paths = ["".join(f".?{key}" for key in part.split(".")) for part in parts]
    changes = [f"object{path} != oldObject{path}" for path in paths]
    return {"name": "what-is-judged-changes", "expression": " || ".join(["request.operation == 'CREATE'", *changes])}


def _variables(admission: Admission, shape: str) -> dict[str, Any]:
    holder = f"object.{shape}".removesuffix(".spec")
    known = {
        "pod": f"object.{shape}",
        "annotations": f"{holder}.?metadata.?annotations.orValue({{}})",
    }
    used = [name for name in known if f"variables.{name}" in admission.expression]
    return {"variables": [{"name": name, "expression": known[name]} for name in used]} if used else {}


def _binding(rule: Rule, of_policy: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": BINDING,
        "metadata": dict(of_policy),
        "spec": {"policyName": of_policy["name"], "validationActions": ACTIONS[rule.enforcement]},
    }


def _labels(rule: Rule) -> dict[str, str]:
    return {MANAGED_BY: "yiyun", RULE: rule.id, ENFORCEMENT: rule.enforcement.value}


def message(rule: Rule) -> str:
    """What a refused operator reads: rule, clauses, title, and what to write instead, in one line."""
    text = f"{rule.id} ({rule.sources}): {rule.title_en} ({rule.title_zh}). Write instead: {rule.remediation}"
    return " ".join(text.split())
