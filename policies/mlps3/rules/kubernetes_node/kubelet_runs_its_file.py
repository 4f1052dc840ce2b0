"""The kubelet runs with its present file."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-e", "8.1.10.6-d"),
    scope="host",
    probes=("kubelet",),
    title_zh="kubelet 已加载当前配置",
    title_en="The kubelet runs with its present file",
    rationale="What stands in a file that the kubelet has not read protects nobody.",
    remediation="systemctl restart kubelet",
    references=("Kubernetes: kubelet --config, --config-dir",),
)
def kubelet_runs_its_file(host: Host) -> Iterator[Finding]:
    found = host.facts("kubelet")
    if not found.flag("runs"):
        raise NotApplicable("no kubelet runs here")
    if found.flag("stale"):
        yield Finding("the kubelet's file has changed since it was started", found.at("stale"))
