"""Nothing is admitted unseen."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.control_plane import component

NEEDED = {
    "CertificateApproval",
    "CertificateSigning",
    "CertificateSubjectRestriction",
    "LimitRanger",
    "MutatingAdmissionWebhook",
    "NamespaceLifecycle",
    "NodeRestriction",
    "PodSecurity",
    "ResourceQuota",
    "ServiceAccount",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionWebhook",
}
"""Plugins that Kubernetes switches on by itself, and that tenants' limits rest on."""


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.2-d", "8.1.4.2-e"),
    scope="host",
    probes=("control_plane",),
    title_zh="API Server 启用必要的准入控制",
    title_en="Nothing is admitted unseen",
    rationale="NodeRestriction keeps a stolen kubelet to its own node; the others hold the limits that tenants and pods have.",
    remediation="./yiyun hosts converge --role kubernetes_control_plane",
    references=("Kubernetes: kube-apiserver --enable-admission-plugins", "Kubernetes: Admission Control in Kubernetes"),
)
def apiserver_admission(host: Host) -> Iterator[Finding]:
    server = component(host, "apiserver")
    on, off = server.texts("admission_on"), server.texts("admission_off")
    if "NodeRestriction" not in on:
        yield Finding("NodeRestriction is not switched on", server.at("admission_on"), ",".join(on))
    if "AlwaysAdmit" in on:
        yield Finding("AlwaysAdmit is switched on", server.at("admission_on"), ",".join(on))
    needed = sorted({*off} & NEEDED)
    if needed:
        yield Finding(f"switched off: {shown(', '.join(needed))}", server.at("admission_off"), ",".join(needed))
