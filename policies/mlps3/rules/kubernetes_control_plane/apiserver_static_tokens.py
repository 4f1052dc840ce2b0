"""Nobody logs in with a token from a file."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.control_plane import component


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.1-a",),
    scope="host",
    probes=("control_plane",),
    title_zh="API Server 禁用静态令牌文件",
    title_en="Nobody logs in with a token from a file",
    rationale="A token in a file never expires, is no longer than its writer liked, and is known to everybody who reads the file.",
    remediation="take --token-auth-file out of /etc/kubernetes/manifests/kube-apiserver.yaml",
    references=("Kubernetes: kube-apiserver --token-auth-file",),
)
def apiserver_static_tokens(host: Host) -> Iterator[Finding]:
    server = component(host, "apiserver")
    if server.flag("static_tokens"):
        yield Finding("takes tokens from a file", server.at("static_tokens"))
