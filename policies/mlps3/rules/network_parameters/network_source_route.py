"""No packet chooses its own way."""

from collections.abc import Iterator

from yiyun.compliance import Facts, Finding, Host, Severity, rule
from yiyun.compliance.kernel import on_every_interface


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.3.2-c", "8.1.3.1-a"),
    scope="host",
    probes=("sysctls",),
    title_zh="不接受源路由报文",
    title_en="No packet chooses its own way",
    rationale="A packet that names its way goes around the boundary.",
    remediation="./yiyun hosts converge --role sysctl",
    references=("Linux kernel: Documentation/networking/ip-sysctl.rst accept_source_route",),
)
def network_source_route(host: Host) -> Iterator[Finding]:
    return on_every_interface(host, "ipv4", _wrong, "takes packets that choose their own way")


def _wrong(own: Facts, shared: Facts) -> bool:
    return own.number("accept_source_route") != 0 and shared.number("accept_source_route") != 0
