"""The kubelet refuses a kernel that is set otherwise, and changes nothing."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kubelet import kubelet


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.2-e",),
    scope="host",
    probes=("kubelet",),
    title_zh="kubelet 不改写内核安全参数",
    title_en="The kubelet refuses a kernel that is set otherwise, and changes nothing",
    rationale="What role sysctl has set must not be undone by another program.",
    remediation="./yiyun hosts converge --role kubernetes_node",
    references=("Kubernetes: KubeletConfiguration protectKernelDefaults",),
)
def kubelet_protects_kernel(host: Host) -> Iterator[Finding]:
    settings = kubelet(host)
    if not settings.flag("protects_kernel"):
        yield Finding("kernel parameters may be changed by the kubelet", settings.at("protects_kernel"))
