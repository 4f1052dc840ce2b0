"""API server and etcd prove themselves to each other."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, Unevaluated, rule, shown
from yiyun.compliance.control_plane import component


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.8-a", "8.1.2.2-a", "8.1.2.2-b", "8.2.4.1-a"),
    scope="host",
    probes=("control_plane",),
    title_zh="API Server 与 etcd 双向 TLS",
    title_en="API server and etcd prove themselves to each other",
    rationale="What passes between them is the whole cluster.",
    remediation="./yiyun hosts converge --role kubernetes_control_plane",
    references=("Kubernetes: kube-apiserver --etcd-cafile",),
)
def apiserver_etcd_tls(host: Host) -> Iterator[Finding]:
    server = component(host, "apiserver")
    servers = server.texts("etcd_servers")
    if not servers:
        raise Unevaluated(f"{server.at('etcd_servers')}: there cannot be none")
    plain = [url for url in servers if not url.startswith("https://")]
    if plain:
        yield Finding(f"asks etcd without TLS: {shown(', '.join(plain))}", server.at("etcd_servers"), ",".join(plain))
    for name, what in (("etcd_ca", "who etcd is"), ("etcd_certificate", "who it is itself")):
        if not server.text(name).startswith("/"):
            yield Finding(f"nothing proves {what}", server.at(name))
