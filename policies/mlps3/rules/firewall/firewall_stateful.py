"""The packet filter knows which connections it has let in."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.packet_filter import closing


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.3.2-d",),
    scope="host",
    probes=("firewall",),
    title_zh="主机防火墙按会话状态放行",
    title_en="The packet filter knows which connections it has let in",
    rationale="Without states, answers must be let in from everywhere, and with them everything that looks like one.",
    remediation="./yiyun hosts converge --role firewall",
    references=("nft(8)",),
)
def firewall_stateful(host: Host) -> Iterator[Finding]:
    chains = closing(host)
    for chain in chains:
        if not chain.flag("stateful"):
            yield Finding(
                f"{shown(chain.text('name'))} does not look at the state of connections", chain.at("stateful")
            )
