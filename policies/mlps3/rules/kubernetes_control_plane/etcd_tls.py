"""etcd speaks strong TLS only."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, Unevaluated, rule, shown
from yiyun.compliance.control_plane import component, weak_tls


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.8-a", "8.1.2.2-a", "8.1.2.2-b"),
    scope="host",
    probes=("control_plane",),
    title_zh="etcd 仅以强 TLS 提供服务",
    title_en="etcd speaks strong TLS only",
    rationale="Every Secret that is written crosses the network to the other members.",
    remediation="./yiyun hosts converge --role kubernetes_control_plane",
    references=("etcd: Transport security model",),
)
def etcd_tls(host: Host) -> Iterator[Finding]:
    etcd = component(host, "etcd")
    for name in ("client_urls", "peer_urls"):
        urls = etcd.texts(name)
        if not urls:
            raise Unevaluated(f"{etcd.at(name)}: there cannot be none")
        plain = [url for url in urls if not url.startswith("https://")]
        if plain:
            yield Finding(f"listens without TLS: {shown(', '.join(plain))}", etcd.at(name), ",".join(plain))
    yield from weak_tls(etcd)
