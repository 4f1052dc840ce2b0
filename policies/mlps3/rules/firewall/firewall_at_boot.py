"""The packet filter is there after a reboot."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.services import unit


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.3.2-a",),
    scope="host",
    probes=("units",),
    title_zh="防火墙开机自启",
    title_en="The packet filter is there after a reboot",
    rationale="Rules that somebody has typed in are gone with the next power cut.",
    remediation="./yiyun hosts converge --role firewall",
    references=("nft(8)",),
)
def firewall_at_boot(host: Host) -> Iterator[Finding]:
    candidates = [unit(host, name) for name in ("yiyun-firewall.service", "nftables.service", "firewalld.service")]
    if not any(each is not None and not each.flag("masked") and each.flag("at_boot") for each in candidates):
        yield Finding("no service loads the packet filter at boot", "units.units")
