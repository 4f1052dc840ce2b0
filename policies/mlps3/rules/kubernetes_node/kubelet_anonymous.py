"""The kubelet answers nobody who does not say who he is."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kubelet import kubelet


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.1-a", "8.1.4.2-a"),
    scope="host",
    probes=("kubelet",),
    title_zh="kubelet 禁止匿名访问",
    title_en="The kubelet answers nobody who does not say who he is",
    rationale="Who reaches an open kubelet runs commands in every pod.",
    remediation="./yiyun hosts converge --role kubernetes_node",
    references=("Kubernetes: KubeletConfiguration authentication.anonymous",),
)
def kubelet_anonymous(host: Host) -> Iterator[Finding]:
    settings = kubelet(host)
    if settings.flag("anonymous"):
        yield Finding("anonymous requests are taken", settings.at("anonymous"))
