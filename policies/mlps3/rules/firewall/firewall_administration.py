"""Only known networks reach the ports of administration."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.packet_filter import open_to_anybody

# SSH, etcd, the API server, the kubelet, the scheduler and the controller manager.
PORTS = (22, 2379, 2380, 6443, 10250, 10257, 10259)


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.4-c", "8.1.3.2-c", "8.1.10.6-i"),
    scope="host",
    probes=("firewall",),
    title_zh="管理端口限制来源地址",
    title_en="Only known networks reach the ports of administration",
    rationale="A login that everybody can try is tried by everybody.",
    remediation="./yiyun hosts converge --role firewall",
    references=("nft(8)",),
)
def firewall_administration(host: Host) -> Iterator[Finding]:
    return open_to_anybody(host, PORTS)
