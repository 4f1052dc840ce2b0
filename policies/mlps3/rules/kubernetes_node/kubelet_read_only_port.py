"""The kubelet has no second port without a login."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kubelet import kubelet


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.4-b", "8.1.4.2-a"),
    scope="host",
    probes=("kubelet",),
    title_zh="kubelet 关闭只读端口",
    title_en="The kubelet has no second port without a login",
    rationale="The port shows pods, their addresses and environment to everybody.",
    remediation="./yiyun hosts converge --role kubernetes_node",
    references=("Kubernetes: KubeletConfiguration readOnlyPort",),
)
def kubelet_read_only_port(host: Host) -> Iterator[Finding]:
    settings = kubelet(host)
    port = settings.number("read_only_port")
    if port != 0:
        yield Finding(f"read-only port {port}", settings.at("read_only_port"), port)
