"""The kubelet renews its certificate."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kubelet import kubelet


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.1-a",),
    scope="host",
    probes=("kubelet",),
    title_zh="kubelet 证书自动轮换",
    title_en="The kubelet renews its certificate",
    rationale="A certificate that nobody renews ends on a Sunday.",
    remediation="./yiyun hosts converge --role kubernetes_node",
    references=("Kubernetes: KubeletConfiguration rotateCertificates",),
)
def kubelet_rotates(host: Host) -> Iterator[Finding]:
    settings = kubelet(host)
    if not settings.flag("rotates_client"):
        yield Finding("the certificate is not renewed", settings.at("rotates_client"))
