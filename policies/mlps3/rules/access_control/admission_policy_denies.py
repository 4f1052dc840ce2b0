"""Admission policies refuse what they forbid."""

from collections.abc import Iterator

from yiyun.compliance import Enforcement, Finding, NotApplicable, Object, Severity, rule
from yiyun.site.labels import ENFORCEMENT

OF_KYVERNO = ("kyverno.io/ClusterPolicy", "kyverno.io/Policy")
BINDING = "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding"
DEFAULT = {"policies.kyverno.io/ValidatingPolicy": ["Deny"]}


@rule(
    severity=Severity.MEDIUM,
    kinds=(*OF_KYVERNO, BINDING, "policies.kyverno.io/ValidatingPolicy"),
    baseline="yiyun:admission-in-force",
    title_zh="准入策略须强制执行",
    title_en="Admission policies refuse what they forbid",
    rationale="A policy that only warns, or that lets everything pass while its engine is away, holds nobody back.",
    remediation="set validationActions to [Deny] and failurePolicy to Fail",
    references=("Kubernetes: Validating Admission Policy", "Kyverno: Validate Rules"),
)
def admission_policy_denies(obj: Object) -> Iterator[Finding]:
    spec = obj.spec
    if obj.id == BINDING and obj.labels.text(ENFORCEMENT) == Enforcement.ADVISORY:
        raise NotApplicable("the rule that it enforces only advises")
    if obj.id in OF_KYVERNO:
        action = spec.text("validationFailureAction") or "Audit"
        rules = [
            each.map("validate").text("failureAction") or action for each in spec.maps("rules") if each.has("validate")
        ]
        if any(each.lower() != "enforce" for each in rules):
            yield Finding("reports only", spec.at("validationFailureAction"), action)
    elif "Deny" not in (spec.texts("validationActions") or DEFAULT.get(obj.id, [])):
        yield Finding("refuses nothing", spec.at("validationActions"))
    if spec.text("failurePolicy") == "Ignore":
        yield Finding("lets everything pass when it cannot be asked", spec.at("failurePolicy"), "Ignore")
