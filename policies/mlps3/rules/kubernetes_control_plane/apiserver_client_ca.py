"""Who administers the cluster proves himself by a certificate."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.control_plane import component


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.1-a", "8.2.4.1-a"),
    scope="host",
    probes=("control_plane",),
    title_zh="API Server 校验客户端证书",
    title_en="Who administers the cluster proves himself by a certificate",
    rationale="Without an authority for clients a certificate proves nothing, and tokens are all that is left.",
    remediation="--client-ca-file=/etc/kubernetes/pki/ca.crt",
    references=("Kubernetes: kube-apiserver --client-ca-file",),
)
def apiserver_client_ca(host: Host) -> Iterator[Finding]:
    server = component(host, "apiserver")
    if not server.text("client_ca").startswith("/"):
        yield Finding("it knows no authority for the certificates of its clients", server.at("client_ca"))
