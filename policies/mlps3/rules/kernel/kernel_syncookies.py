"""Half-open connections do not close the door for others."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kernel import value_in


@rule(
    severity=Severity.MEDIUM,
    baseline="cis-debian-linux:tcp-syn-cookies",
    scope="host",
    probes=("sysctls",),
    title_zh="启用 SYN Cookie 防护",
    title_en="Half-open connections do not close the door for others",
    rationale="With forged senders, a few packets a second fill the queue.",
    remediation="./yiyun hosts converge --role sysctl",
    references=("Linux kernel: Documentation/networking/ip-sysctl.rst tcp_syncookies",),
)
def kernel_syncookies(host: Host) -> Iterator[Finding]:
    return value_in(host, "net.ipv4.tcp_syncookies", ("1", "2"))
