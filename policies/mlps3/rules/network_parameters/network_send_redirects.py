"""The host changes nobody's routes."""

from collections.abc import Iterator

from yiyun.compliance import Facts, Finding, Host, Severity, rule
from yiyun.compliance.kernel import on_every_interface


@rule(
    severity=Severity.LOW,
    baseline="cis-debian-linux:send-redirects",
    scope="host",
    probes=("sysctls",),
    title_zh="不发送 ICMP 重定向",
    title_en="The host changes nobody's routes",
    rationale="Routes are the network's business; advice from a host shows it to be taken over.",
    remediation="./yiyun hosts converge --role sysctl",
    references=("Linux kernel: Documentation/networking/ip-sysctl.rst send_redirects",),
)
def network_send_redirects(host: Host) -> Iterator[Finding]:
    return on_every_interface(host, "ipv4", _wrong, "gives advice on routes")


def _wrong(own: Facts, shared: Facts) -> bool:
    return own.number("send_redirects") != 0 or shared.number("send_redirects") != 0
