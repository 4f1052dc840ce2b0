"""Nobody becomes this host's IPv6 router by saying so."""

from collections.abc import Iterator

from yiyun.compliance import Facts, Finding, Host, Severity, rule
from yiyun.compliance.kernel import on_every_interface


@rule(
    severity=Severity.MEDIUM,
    baseline="cis-debian-linux:router-advertisements",
    scope="host",
    probes=("sysctls",),
    title_zh="不接受 IPv6 路由通告",
    title_en="Nobody becomes this host's IPv6 router by saying so",
    rationale="Any machine in the segment can offer itself as the way out.",
    remediation="./yiyun hosts converge --role sysctl",
    references=("Linux kernel: Documentation/networking/ip-sysctl.rst accept_ra",),
)
def network_router_advertisements(host: Host) -> Iterator[Finding]:
    return on_every_interface(host, "ipv6", _wrong, "takes its IPv6 routes from whoever offers them")


def _wrong(own: Facts, shared: Facts) -> bool:
    return (
        own.number("accept_ra") == 2
        or (own.number("accept_ra") == 1 and own.number("forwarding") == 0)
        or shared.number("forwarding") not in (0, 1)
    )
