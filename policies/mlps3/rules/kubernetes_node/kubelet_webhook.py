"""The kubelet asks the API server whose token it is."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kubelet import kubelet


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.1-a",),
    scope="host",
    probes=("kubelet",),
    title_zh="kubelet 通过 API Server 校验令牌",
    title_en="The kubelet asks the API server whose token it is",
    rationale="Otherwise tokens are not looked at, and only certificates count.",
    remediation="./yiyun hosts converge --role kubernetes_node",
    references=("Kubernetes: KubeletConfiguration authentication.webhook",),
)
def kubelet_webhook(host: Host) -> Iterator[Finding]:
    settings = kubelet(host)
    if not settings.flag("webhook"):
        yield Finding("tokens are not looked at", settings.at("webhook"))
