"""The kubelet asks the API server what somebody may do."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.kubelet import kubelet


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.2-a", "8.1.4.2-d"),
    scope="host",
    probes=("kubelet",),
    title_zh="kubelet 按 API Server 授权",
    title_en="The kubelet asks the API server what somebody may do",
    rationale="AlwaysAllow gives everybody with a login everything on the node.",
    remediation="./yiyun hosts converge --role kubernetes_node",
    references=("Kubernetes: KubeletConfiguration authorization.mode",),
)
def kubelet_authorization(host: Host) -> Iterator[Finding]:
    settings = kubelet(host)
    mode = settings.text("authorization")
    if mode != "Webhook":
        yield Finding(f"authorization is {shown(mode)}", settings.at("authorization"), mode)
