"""Only root changes what the control plane is."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule
from yiyun.compliance.host_files import existing, owned

PATHS = (
    "/etc/kubernetes/manifests",
    "/etc/kubernetes/manifests/etcd.yaml",
    "/etc/kubernetes/manifests/kube-apiserver.yaml",
    "/etc/kubernetes/manifests/kube-controller-manager.yaml",
    "/etc/kubernetes/manifests/kube-scheduler.yaml",
)
GROUPS = ("root",)


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.2-e", "8.1.4.2-f"),
    scope="host",
    probes=("files",),
    title_zh="控制面清单仅 root 可改",
    title_en="Only root changes what the control plane is",
    rationale="What stands here runs as root on the host.",
    remediation="chown root FILE; chmod MODE FILE (mode without the bits named)",
    references=("Kubernetes: Create static Pods",),
)
def kubernetes_manifests(host: Host) -> Iterator[Finding]:
    found = False
    for path, facts in existing(host, PATHS):
        found = True
        yield from owned(path, facts, 0o022, GROUPS)
    if not found:
        raise NotApplicable("the host has none of these files")
