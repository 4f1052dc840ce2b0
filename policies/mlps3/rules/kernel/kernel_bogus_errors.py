"""Forged errors do not fill the log."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kernel import value_in


@rule(
    severity=Severity.LOW,
    baseline="cis-debian-linux:bogus-icmp-errors",
    scope="host",
    probes=("sysctls",),
    title_zh="忽略伪造的 ICMP 错误",
    title_en="Forged errors do not fill the log",
    rationale="The log's disk is what everybody else needs too.",
    remediation="./yiyun hosts converge --role sysctl",
    references=("Linux kernel: Documentation/networking/ip-sysctl.rst icmp_ignore_bogus_error_responses",),
)
def kernel_bogus_errors(host: Host) -> Iterator[Finding]:
    return value_in(host, "net.ipv4.icmp_ignore_bogus_error_responses", ("1",))
