"""The kubelet answers nobody without a login."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.services import listens

PORTS = (10255,)


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.4-b", "8.1.4.2-a"),
    scope="host",
    probes=("listening",),
    title_zh="kubelet 只读端口关闭",
    title_en="The kubelet answers nobody without a login",
    rationale="The port shows pods, their addresses and environment to everybody.",
    remediation="./yiyun hosts converge --role kubernetes_node",
    references=("Kubernetes: KubeletConfiguration readOnlyPort",),
)
def listening_kubelet_read_only(host: Host) -> Iterator[Finding]:
    return listens(host, PORTS)
