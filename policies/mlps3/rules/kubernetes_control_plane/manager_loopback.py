"""The controller manager listens to its own host only."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.control_plane import component


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.4-b",),
    scope="host",
    probes=("control_plane",),
    title_zh="控制器管理器仅监听本机",
    title_en="The controller manager listens to its own host only",
    rationale="Nobody else has to ask it anything.",
    remediation="--bind-address=127.0.0.1 in kube-controller-manager.yaml",
    references=("Kubernetes: kube-controller-manager --bind-address",),
)
def manager_loopback(host: Host) -> Iterator[Finding]:
    found = component(host, "manager")
    address = found.text("address")
    if address not in ("127.0.0.1", "::1"):
        yield Finding(f"listens on {shown(address)}", found.at("address"), address)
