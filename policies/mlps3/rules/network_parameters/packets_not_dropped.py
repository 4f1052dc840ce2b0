"""The host drops no packets for want of time or room."""

from collections.abc import Iterator

from yiyun.compliance import Enforcement, Finding, Host, Severity, Unevaluated, rule
from yiyun.compliance.links import MOST_LOST, want_a_week

FULL = 0.8


@rule(
    severity=Severity.MEDIUM,
    enforcement=Enforcement.ADVISORY,
    clauses=("8.1.2.1-a",),
    scope="host",
    probes=("links",),
    needs=("network_cards",),
    title_zh="主机网络处理能力有余量",
    title_en="The host drops no packets for want of time or room",
    rationale="What a gateway drops in the busiest hour is a call that a ward makes again, or does not.",
    remediation="spread the load over more gateways; raise net.netfilter.nf_conntrack_max",
)
def packets_not_dropped(host: Host) -> Iterator[Finding]:
    links = host.facts("links")
    days = links.number("up_days")
    packets = links.facts("packets")
    handled, dropped = packets.number("handled"), packets.number("dropped")
    if handled <= 0:
        raise Unevaluated(f"{packets.at('handled')}: no packet was handled yet")
    if dropped < 0 or dropped > handled * MOST_LOST:
        yield Finding(f"{dropped} packets were dropped in {days} days, of {handled}", packets.at("dropped"), dropped)
    tracked = links.maybe_facts("tracked")
    if tracked is not None:
        count, most = tracked.number("count"), tracked.number("max")
        if count < 0 or count > most * FULL:
            yield Finding(f"{count} of {most} connections can be tracked already", tracked.at("count"), count)
    want_a_week(links)
