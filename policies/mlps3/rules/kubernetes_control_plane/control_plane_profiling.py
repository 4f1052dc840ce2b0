"""The control plane offers no profiles of itself."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule
from yiyun.compliance.control_plane import NAMES


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.4-b",),
    scope="host",
    probes=("control_plane",),
    title_zh="控制面关闭性能剖析接口",
    title_en="The control plane offers no profiles of itself",
    rationale="A profile tells what a process works on, and making one slows it down.",
    remediation="./yiyun hosts converge --role kubernetes_control_plane",
    references=(
        "Kubernetes: kube-apiserver --profiling",
        "Kubernetes: kube-controller-manager --profiling",
        "Kubernetes: kube-scheduler --profiling",
    ),
)
def control_plane_profiling(host: Host) -> Iterator[Finding]:
    found = host.facts("control_plane")
    running = [each for each in ("apiserver", "manager", "scheduler") if found.there(each)]
    if not running:
        raise NotApplicable("no control plane runs here")
    for name in running:
        each = found.facts(name)
        if each.flag("profiling"):
            yield Finding(f"the {NAMES[name]} offers profiles", each.at("profiling"))
