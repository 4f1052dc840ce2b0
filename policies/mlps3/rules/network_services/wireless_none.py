"""No host has a wireless card."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.3.1-d",),
    scope="host",
    probes=("links",),
    needs=("network_cards",),
    title_zh="主机无无线网卡",
    title_en="No host has a wireless card",
    rationale="A radio in the machine room is a door in its wall.",
    remediation="take the card out, or switch it off in the firmware",
)
def wireless_none(host: Host) -> Iterator[Finding]:
    links = host.facts("links")
    for card in links.items("cards"):
        if card.flag("wireless"):
            yield Finding(f"{shown(card.text('name'))} is wireless", card.at("wireless"), card.text("name"))
