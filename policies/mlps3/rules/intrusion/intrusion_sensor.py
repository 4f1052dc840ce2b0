"""Gateways look for attacks in what passes."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NeedsPerson, NotApplicable, Severity, rule
from yiyun.site import Site

MOST_DAYS = 31
SILENT_DAYS = 1
"""Suricata writes counters every few seconds, whether somebody attacks or not."""


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.3.3-a", "8.1.3.3-b", "8.2.3.2-a"),
    scope="host",
    probes=("intrusion",),
    needs_site=True,
    title_zh="网关入侵检测有效运行",
    title_en="Gateways look for attacks in what passes",
    rationale="What nobody looks for is found by its damage.",
    remediation="install and start a sensor with fresh signatures, or attest the device that looks at this traffic",
)
def intrusion_sensor(host: Host, site: Site) -> Iterator[Finding]:
    sensor = host.facts("intrusion").maybe_facts("sensor")
    if host.name not in {each.name for each in site.hosts_in(role="gateway")}:
        raise NotApplicable("no gateway")
    if sensor is None:
        raise NeedsPerson(
            "no sensor is on this gateway; show which device looks at what passes it, from outside and from inside"
        )
    if not sensor.flag("active"):
        yield Finding("the sensor does not run", sensor.at("active"))
    if not sensor.flag("at_boot"):
        yield Finding("the sensor does not start with the host", sensor.at("at_boot"))
    recorded = sensor.maybe_number("record_days")
    if recorded is None or not 0 <= recorded <= SILENT_DAYS:
        text = "the sensor has recorded nothing" + ("" if recorded is None else f" for {recorded} days")
        yield Finding(text, sensor.at("record_days"), recorded)
    days = sensor.maybe_number("signature_days")
    if days is None:
        yield Finding("the sensor knows no attack: it has no signatures", sensor.at("signature_days"))
    elif not 0 <= days <= MOST_DAYS:
        yield Finding(
            f"its newest signatures are {days} days old; wanted {MOST_DAYS}", sensor.at("signature_days"), days
        )
