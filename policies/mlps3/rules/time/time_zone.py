"""The host writes China's time."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.3-b",),
    scope="host",
    probes=("clock",),
    title_zh="系统时区为北京时间",
    title_en="The host writes China's time",
    rationale="Records of one site are read side by side.",
    remediation="./yiyun hosts converge --role time",
    references=("timedatectl(1)",),
)
def time_zone(host: Host) -> Iterator[Finding]:
    zone = host.facts("clock").text("zone")
    if zone != "+0800":
        yield Finding(f"the host's time is {shown(zone)} from UTC; wanted +0800", "clock.zone", zone)
