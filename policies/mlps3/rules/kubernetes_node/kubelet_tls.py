"""The kubelet speaks TLS 1.2 or later."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.kubelet import kubelet


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.1-c", "8.1.4.8-a"),
    scope="host",
    probes=("kubelet",),
    title_zh="kubelet 仅使用 TLS 1.2 以上",
    title_en="The kubelet speaks TLS 1.2 or later",
    rationale="Earlier versions have known attacks.",
    remediation="./yiyun hosts converge --role kubernetes_node",
    references=("Kubernetes: KubeletConfiguration tlsMinVersion",),
)
def kubelet_tls(host: Host) -> Iterator[Finding]:
    settings = kubelet(host)
    version = settings.text("tls_minimum")
    if version not in ("VersionTLS12", "VersionTLS13"):
        yield Finding(f"the least version is {shown(version)}", settings.at("tls_minimum"), version)
