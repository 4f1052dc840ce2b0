"""No service for discovery and printing runs."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.services import at_rest

UNITS = ("avahi-daemon.service", "cups.service", "cups.socket")


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.4-a", "8.1.4.4-b"),
    scope="host",
    probes=("units",),
    title_zh="关闭自动发现与打印服务",
    title_en="No service for discovery and printing runs",
    rationale="A server has nobody to discover and nothing to print.",
    remediation="./yiyun hosts converge --role services",
    references=("systemctl(1)",),
)
def service_discovery(host: Host) -> Iterator[Finding]:
    return at_rest(host, UNITS)
