"""No service of desks and laptops runs."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.services import at_rest

UNITS = ("bluetooth.service", "udisks2.service", "apport.service", "abrtd.service", "kdump.service")


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.4-a", "8.1.4.4-b"),
    scope="host",
    probes=("units",),
    title_zh="关闭桌面、自动挂载与崩溃上报服务",
    title_en="No service of desks and laptops runs",
    rationale="They mount what is plugged in, and keep or send the memory of broken programs.",
    remediation="./yiyun hosts converge --role services",
    references=("systemctl(1)",),
)
def service_desktop(host: Host) -> Iterator[Finding]:
    return at_rest(host, UNITS)
