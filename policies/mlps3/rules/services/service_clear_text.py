"""No service for clear-text logins runs."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.services import at_rest

UNITS = ("telnet.socket", "tftp.socket", "vsftpd.service", "xinetd.service")


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.4-b", "8.1.4.1-c"),
    scope="host",
    probes=("units",),
    title_zh="关闭明文传输服务",
    title_en="No service for clear-text logins runs",
    rationale="They show passwords to whoever is on the way.",
    remediation="./yiyun hosts converge --role services",
    references=("systemctl(1)",),
)
def service_clear_text(host: Host) -> Iterator[Finding]:
    return at_rest(host, UNITS)
