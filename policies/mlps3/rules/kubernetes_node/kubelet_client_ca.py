"""The kubelet knows whose certificates it believes."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kubelet import kubelet


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.1-a", "8.1.4.1-c", "8.2.4.1-a"),
    scope="host",
    probes=("kubelet",),
    title_zh="kubelet 校验客户端证书",
    title_en="The kubelet knows whose certificates it believes",
    rationale="Without a CA no certificate of a client is looked at.",
    remediation="./yiyun hosts converge --role kubernetes_node",
    references=("Kubernetes: KubeletConfiguration authentication.x509.clientCAFile",),
)
def kubelet_client_ca(host: Host) -> Iterator[Finding]:
    settings = kubelet(host)
    if not settings.text("client_ca"):
        yield Finding("no CA for certificates of clients", settings.at("client_ca"))
