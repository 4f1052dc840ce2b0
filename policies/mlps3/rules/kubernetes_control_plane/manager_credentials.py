"""Each controller has an account of its own."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.control_plane import component


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-d",),
    scope="host",
    probes=("control_plane",),
    title_zh="控制器各用自己的最小权限账户",
    title_en="Each controller has an account of its own",
    rationale="With one account for all, a fault in one controller has the rights of every other.",
    remediation="--use-service-account-credentials=true and --root-ca-file in kube-controller-manager.yaml",
    references=("Kubernetes: kube-controller-manager --use-service-account-credentials",),
)
def manager_credentials(host: Host) -> Iterator[Finding]:
    manager = component(host, "manager")
    if not manager.flag("own_credentials"):
        yield Finding("all controllers act as one account", manager.at("own_credentials"))
    if not manager.text("root_ca").startswith("/"):
        yield Finding("pods are not told by whom the API server is vouched for", manager.at("root_ca"))
