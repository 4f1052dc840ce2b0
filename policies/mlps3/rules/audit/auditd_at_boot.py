"""The audit daemon starts with the host."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.services import unit


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.3-a", "8.1.4.3-d"),
    scope="host",
    probes=("units",),
    title_zh="审计服务开机自启",
    title_en="The audit daemon starts with the host",
    rationale="A daemon that somebody must start by hand is missing after each reboot.",
    remediation="./yiyun hosts converge --role auditd",
    references=("auditd(8)", "systemctl(1) is-enabled"),
)
def auditd_at_boot(host: Host) -> Iterator[Finding]:
    found = unit(host, "auditd.service")
    if found is None:
        yield Finding("auditd is not installed", "units.units")
    elif not found.flag("at_boot"):
        yield Finding("auditd does not start with the host", found.at("at_boot"))
