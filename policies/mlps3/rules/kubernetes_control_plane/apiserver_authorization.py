"""The API server asks RBAC what somebody may do."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.control_plane import component

WANTED = ("Node", "RBAC")


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.2-a", "8.1.4.2-d", "8.1.4.2-e"),
    scope="host",
    probes=("control_plane",),
    title_zh="API Server 按 RBAC 和 Node 授权",
    title_en="The API server asks RBAC what somebody may do",
    rationale="With AlwaysAllow every certificate of the cluster is an administrator; without Node a stolen kubelet reads every Secret.",
    remediation="--authorization-mode=Node,RBAC",
    references=("Kubernetes: kube-apiserver --authorization-mode",),
)
def apiserver_authorization(host: Host) -> Iterator[Finding]:
    server = component(host, "apiserver")
    modes = server.texts("authorization")
    for mode in WANTED:
        if mode not in modes:
            yield Finding(f"{mode} is not among {shown(', '.join(modes))}", server.at("authorization"), ",".join(modes))
    if "AlwaysAllow" in modes:
        yield Finding("allows everything to everybody", server.at("authorization"), ",".join(modes))
