"""Nobody changes this host's routes by IPv4 redirects."""

from collections.abc import Iterator

from yiyun.compliance import Facts, Finding, Host, Severity, rule
from yiyun.compliance.kernel import on_every_interface


@rule(
    severity=Severity.MEDIUM,
    baseline="cis-debian-linux:icmp-redirects",
    scope="host",
    probes=("sysctls",),
    title_zh="不接受 IPv4 ICMP 重定向",
    title_en="Nobody changes this host's routes by IPv4 redirects",
    rationale="One forged packet sends the host's traffic through somebody else.",
    remediation="./yiyun hosts converge --role sysctl",
    references=("Linux kernel: Documentation/networking/ip-sysctl.rst accept_redirects",),
)
def network_redirects(host: Host) -> Iterator[Finding]:
    return on_every_interface(host, "ipv4", _wrong, "lets others change this host's routes")


def _wrong(own: Facts, shared: Facts) -> bool:
    return (
        own.number("accept_redirects") != 0 and shared.number("accept_redirects") != 0
        if own.number("forwarding")
        else own.number("accept_redirects") != 0 or shared.number("accept_redirects") != 0
    )
