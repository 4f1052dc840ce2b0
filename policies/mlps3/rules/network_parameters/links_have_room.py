"""Links of the host have room left."""

from collections.abc import Iterator

from yiyun.compliance import Enforcement, Finding, Host, Severity, Unevaluated, rule, shown
from yiyun.compliance.links import MOST_LOST, want_a_week

MOST_USED = 0.3
"""Share of a link that may be used on average over days and nights: the busiest hours carry about three times that."""


@rule(
    severity=Severity.MEDIUM,
    enforcement=Enforcement.ADVISORY,
    clauses=("8.1.2.1-b",),
    scope="host",
    probes=("links",),
    needs=("network_cards",),
    title_zh="网络链路带宽有余量",
    title_en="Links of the host have room left",
    rationale="A link that is full on average is long full when it matters.",
    remediation="move load to other hosts, or give the host faster links; replace cables of links at half duplex",
)
def links_have_room(host: Host) -> Iterator[Finding]:
    links = host.facts("links")
    days = links.number("up_days")
    cards = [card for card in links.items("cards") if card.flag("up") and not card.flag("wireless")]
    if not cards:
        raise Unevaluated(f"{links.at('cards')}: no network card is up")
    for card in cards:
        name = shown(card.text("name"))
        if card.text("duplex") != "full":
            yield Finding(f"{name} is at {shown(card.text('duplex'))} duplex", card.at("duplex"), card.text("duplex"))
        lost, packets = card.number("lost"), card.number("packets")
        if lost < 0 or packets < 0 or lost > packets * MOST_LOST:
            yield Finding(f"{name} lost {lost} of {packets} packets", card.at("lost"), lost)
        speed = card.maybe_number("megabits")
        if speed is None:
            raise Unevaluated(f"{card.at('megabits')}: the speed of {name} is not known")
        used = card.number("busiest_bytes") * 8 / (max(days, 1) * 86400) / 10**6
        if not 0 <= used <= speed * MOST_USED:
            yield Finding(
                f"{name} carries {used:.0f} of {speed} Mbit/s on average", card.at("busiest_bytes"), round(used)
            )
    want_a_week(links)
