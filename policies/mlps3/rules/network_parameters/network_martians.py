"""Packets with impossible senders are written down."""

from collections.abc import Iterator

from yiyun.compliance import Facts, Finding, Host, Severity, rule
from yiyun.compliance.kernel import on_every_interface


@rule(
    severity=Severity.LOW,
    clauses=("8.1.3.3-d",),
    scope="host",
    probes=("sysctls",),
    title_zh="记录异常源地址报文",
    title_en="Packets with impossible senders are written down",
    rationale="They are how a spoofing attempt shows.",
    remediation="./yiyun hosts converge --role sysctl",
    references=("Linux kernel: Documentation/networking/ip-sysctl.rst log_martians",),
)
def network_martians(host: Host) -> Iterator[Finding]:
    return on_every_interface(host, "ipv4", _wrong, "does not write down packets with impossible senders")


def _wrong(own: Facts, shared: Facts) -> bool:
    return own.number("log_martians") == 0 and shared.number("log_martians") == 0
