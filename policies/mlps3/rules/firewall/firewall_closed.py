"""What no rule lets in does not come in."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.packet_filter import firewall_chains, has_ipv6


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.3.2-a", "8.1.3.2-b", "8.1.4.4-b"),
    scope="host",
    probes=("firewall", "sysctls"),
    title_zh="主机防火墙默认拒绝入站",
    title_en="What no rule lets in does not come in",
    rationale="A list of what may come in is complete by itself; a list of what may not never is.",
    remediation="./yiyun hosts converge --role firewall",
    references=("nft(8)",),
)
def firewall_closed(host: Host) -> Iterator[Finding]:
    chains = firewall_chains(host)
    closed = [chain for chain in chains if chain.flag("closed")]
    if not any(chain.flag("ipv4") for chain in closed):
        yield Finding("no chain of the input hook drops IPv4 that no rule lets in", "firewall.input")
    if not any(chain.flag("ipv6") for chain in closed) and has_ipv6(host):
        yield Finding("no chain of the input hook drops IPv6 that no rule lets in", "firewall.input")
