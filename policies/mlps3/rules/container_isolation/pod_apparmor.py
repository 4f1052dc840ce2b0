"""No container leaves the profile of AppArmor."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule
from yiyun.compliance.admission import every_context
from yiyun.compliance.pods import POD_KINDS, pod

PREFIX = "container.apparmor.security.beta.kubernetes.io/"
"""Of annotations that kubelets still read."""


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-g",),
    kinds=POD_KINDS,
    baseline="kubernetes-pss-baseline:apparmor",
    title_zh="容器不得脱离AppArmor约束",
    title_en="No container leaves the profile of AppArmor",
    rationale="The profile decides what a process may touch, whatever rights its user has.",
    remediation="take appArmorProfile Unconfined out, or name RuntimeDefault or a profile of the host",
    references=("Kubernetes: Pod Security Standards, Baseline",),
    admission=Admission(
        every_context(lambda at: f"{at}.?appArmorProfile.?type.orValue('') != 'Unconfined'")
        + f" && variables.annotations.all(k, !k.startsWith('{PREFIX}') || variables.annotations[k] != 'unconfined')"
    ),
)
def pod_apparmor(obj: Object) -> Iterator[Finding]:
    found = pod(obj)
    for name, security in found.contexts():
        profile = security.map("appArmorProfile")
        if profile.text("type") == "Unconfined":
            yield Finding(f"{name} is unconfined", profile.at("type"), "Unconfined")
    annotations = found.template.walk("metadata.annotations")
    for key in annotations.keys():  # noqa: SIM118 (a method of ours, not of a dict)
        if key.startswith(PREFIX) and annotations.text(key) == "unconfined":
            text = f"container {key.removeprefix(PREFIX)} is unconfined by an annotation"
            yield Finding(text, annotations.at(key), "unconfined")
