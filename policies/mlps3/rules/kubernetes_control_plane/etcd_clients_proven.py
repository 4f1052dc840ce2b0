"""etcd answers only who proves himself."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.control_plane import component


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.1-a", "8.1.4.2-a", "8.2.4.1-a"),
    scope="host",
    probes=("control_plane",),
    title_zh="etcd 校验客户端证书",
    title_en="etcd answers only who proves himself",
    rationale="Who may write to etcd is more than every administrator: no rule of the cluster is asked.",
    remediation="./yiyun hosts converge --role kubernetes_control_plane",
    references=("etcd: Transport security model",),
)
def etcd_clients_proven(host: Host) -> Iterator[Finding]:
    etcd = component(host, "etcd")
    if not etcd.flag("client_proof") or not etcd.text("client_ca").startswith("/"):
        yield Finding("clients need no certificate", etcd.at("client_proof"))
    if etcd.flag("client_made_up"):
        yield Finding("its certificate is made up at each start, and proves nothing", etcd.at("client_made_up"))
