"""No rule lets everything in from anywhere."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.packet_filter import open_widely

# The range of NodePorts has 2,768.
MOST_PORTS = 4096


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.3.2-b", "8.1.3.2-a"),
    scope="host",
    probes=("firewall",),
    title_zh="不存在放行全部流量的规则",
    title_en="No rule lets everything in from anywhere",
    rationale="Behind such a rule, all others are decoration.",
    remediation="./yiyun hosts converge --role firewall",
    references=("nft(8)",),
)
def firewall_not_everything(host: Host) -> Iterator[Finding]:
    return open_widely(host, MOST_PORTS)
