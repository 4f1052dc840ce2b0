"""The API server speaks strong TLS only."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.control_plane import component, weak_tls


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.8-a", "8.1.2.2-a", "8.1.2.2-b", "8.1.4.1-c"),
    scope="host",
    probes=("control_plane",),
    title_zh="API Server 仅使用强 TLS",
    title_en="The API server speaks strong TLS only",
    rationale="Old protocols and ciphers can be broken by who listens long enough.",
    remediation="./yiyun hosts converge --role kubernetes_control_plane",
    references=("Kubernetes: kube-apiserver --tls-min-version",),
)
def apiserver_tls(host: Host) -> Iterator[Finding]:
    yield from weak_tls(component(host, "apiserver"))
