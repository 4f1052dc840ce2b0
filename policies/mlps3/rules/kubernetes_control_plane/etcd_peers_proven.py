"""Members of etcd prove themselves to each other."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.control_plane import component


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.1-a", "8.2.4.1-a"),
    scope="host",
    probes=("control_plane",),
    title_zh="etcd 成员间校验证书",
    title_en="Members of etcd prove themselves to each other",
    rationale="Who joins as a member gets a copy of everything.",
    remediation="./yiyun hosts converge --role kubernetes_control_plane",
    references=("etcd: Transport security model",),
)
def etcd_peers_proven(host: Host) -> Iterator[Finding]:
    etcd = component(host, "etcd")
    if not etcd.flag("peer_proof") or not etcd.text("peer_ca").startswith("/"):
        yield Finding("members need no certificate", etcd.at("peer_proof"))
    if etcd.flag("peer_made_up"):
        yield Finding("its certificate is made up at each start, and proves nothing", etcd.at("peer_made_up"))
