"""The air that the host takes in is cool enough."""

from collections.abc import Iterator

from yiyun.compliance import Enforcement, Finding, Host, Severity, Unevaluated, rule, shown
from yiyun.compliance.board import sensors

COLDEST, WARMEST = 15, 32
"""Degrees Celsius that makers of servers allow at the inlet the year round."""


@rule(
    severity=Severity.MEDIUM,
    enforcement=Enforcement.ADVISORY,
    clauses=("8.1.1.8-a",),
    scope="host",
    probes=("board",),
    tier="deep",
    title_zh="机房进风温度正常",
    title_en="The air that the host takes in is cool enough",
    rationale="The room is watched where it matters: at the front of the machine.",
    remediation="look after the air conditioning; ipmitool sdr type Temperature",
)
def climate_inlet(host: Host) -> Iterator[Finding]:
    board, inlets = sensors(host, "inlets")
    if not inlets:
        raise Unevaluated(f"{board.at('inlets')}: no sensor is at the inlet")
    for each in inlets:
        degrees = each.number("degrees")
        if not COLDEST <= degrees <= WARMEST:
            text = f"{shown(each.text('name'))} is {degrees} degrees; wanted {COLDEST} to {WARMEST}"
            yield Finding(text, each.at("degrees"), degrees)
        elif not each.flag("well"):
            text = f"{shown(each.text('name'))} is outside of its own limits ({degrees} degrees)"
            yield Finding(text, each.at("well"), degrees)
