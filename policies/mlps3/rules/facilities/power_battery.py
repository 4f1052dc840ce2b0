"""Batteries carry the host until it has stopped in order."""

from collections.abc import Iterator

from yiyun.compliance import Enforcement, Finding, Host, NeedsPerson, Severity, Unevaluated, rule, shown

WRONG = {"BYPASS", "LB", "OB", "OVER", "RB"}
"""On bypass, battery low, on battery, overloaded, replace the battery."""
LEAST_SECONDS = 300
"""Time in which a host stops in order, with some to spare."""


@rule(
    severity=Severity.MEDIUM,
    enforcement=Enforcement.ADVISORY,
    clauses=("8.1.1.9-b",),
    scope="host",
    probes=("battery",),
    tier="deep",
    title_zh="不间断电源受监控且可支撑有序停机",
    title_en="Batteries carry the host until it has stopped in order",
    rationale="A host that does not know of its battery is cut off when it is empty, in the middle of a write.",
    remediation="install nut-client, name the UPS in /etc/nut/upsmon.conf; replace the battery when it asks for it",
)
def power_battery(host: Host) -> Iterator[Finding]:
    battery = host.facts("battery")
    supplies = battery.items("supplies")
    if not battery.flag("installed"):
        raise NeedsPerson("the host watches no UPS; show what carries the machine room until generators run")
    if not battery.flag("watched"):
        yield Finding("nothing watches the battery: nut-monitor does not run", battery.at("watched"))
    if not supplies:
        yield Finding("no UPS is named, or none answers", battery.at("supplies"))
    for each in supplies:
        states = each.texts("states")
        bad = sorted({*states} & WRONG)
        if "OL" not in states or bad:
            text = f"{shown(each.text('name'))} says {shown(' '.join(states) or 'nothing')}"
            yield Finding(text, each.at("states"), " ".join(states))
        seconds = each.maybe_number("seconds")
        if seconds is None:
            raise Unevaluated(f"{each.at('seconds')}: how long the battery lasts is not known")
        if seconds < LEAST_SECONDS:
            text = f"the battery of {shown(each.text('name'))} lasts {seconds} s; wanted {LEAST_SECONDS}"
            yield Finding(text, each.at("seconds"), seconds)
