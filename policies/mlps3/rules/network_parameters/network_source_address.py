"""Packets with senders that cannot be are dropped."""

from collections.abc import Iterator

from yiyun.compliance import Facts, Finding, Host, Severity, rule
from yiyun.compliance.kernel import on_every_interface


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.3.2-c",),
    scope="host",
    probes=("sysctls",),
    title_zh="启用反向路径过滤",
    title_en="Packets with senders that cannot be are dropped",
    rationale="A forged sender gets around rules that ask who it is.",
    remediation="./yiyun hosts converge --role sysctl",
    references=("Linux kernel: Documentation/networking/ip-sysctl.rst rp_filter",),
)
def network_source_address(host: Host) -> Iterator[Finding]:
    return on_every_interface(host, "ipv4", _wrong, "takes packets with forged senders")


def _wrong(own: Facts, shared: Facts) -> bool:
    return max(own.number("rp_filter"), shared.number("rp_filter")) not in (1, 2)
