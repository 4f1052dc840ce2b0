"""The host does not answer to all."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kernel import value_in


@rule(
    severity=Severity.LOW,
    baseline="cis-debian-linux:broadcast-echo",
    scope="host",
    probes=("sysctls",),
    title_zh="不响应广播 ICMP 请求",
    title_en="The host does not answer to all",
    rationale="A request to all makes many hosts answer one victim.",
    remediation="./yiyun hosts converge --role sysctl",
    references=("Linux kernel: Documentation/networking/ip-sysctl.rst icmp_echo_ignore_broadcasts",),
)
def kernel_broadcast_echo(host: Host) -> Iterator[Finding]:
    return value_in(host, "net.ipv4.icmp_echo_ignore_broadcasts", ("1",))
