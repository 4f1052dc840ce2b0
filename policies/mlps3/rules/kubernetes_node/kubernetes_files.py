"""Only root reads the keys of the cluster."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule
from yiyun.compliance.host_files import existing, owned

PATHS = (
    "/etc/kubernetes/admin.conf",
    "/etc/kubernetes/controller-manager.conf",
    "/etc/kubernetes/kubelet.conf",
    "/etc/kubernetes/scheduler.conf",
    "/etc/kubernetes/pki/apiserver.key",
    "/etc/kubernetes/pki/ca.key",
)
GROUPS = ("root",)


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.8-b", "8.1.4.2-f"),
    scope="host",
    probes=("files",),
    title_zh="集群管理凭据仅 root 可读",
    title_en="Only root reads the keys of the cluster",
    rationale="Who reads one of these is the cluster's administrator.",
    remediation="chown root FILE; chmod MODE FILE (mode without the bits named)",
    references=("Kubernetes: PKI certificates and requirements",),
)
def kubernetes_files(host: Host) -> Iterator[Finding]:
    found = False
    for path, facts in existing(host, PATHS):
        found = True
        yield from owned(path, facts, 0o077, GROUPS)
    if not found:
        raise NotApplicable("the host has none of these files")
