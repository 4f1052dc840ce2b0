"""No second way to administer the host is open."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.services import at_rest

UNITS = ("debug-shell.service", "cockpit.socket", "snmpd.service")


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.4-b", "8.1.4.1-a"),
    scope="host",
    probes=("units",),
    title_zh="关闭免登录控制台与多余管理入口",
    title_en="No second way to administer the host is open",
    rationale="A debug shell is root without a login; each further console has logins of its own.",
    remediation="./yiyun hosts converge --role services",
    references=("systemctl(1)",),
)
def service_consoles(host: Host) -> Iterator[Finding]:
    return at_rest(host, UNITS)
