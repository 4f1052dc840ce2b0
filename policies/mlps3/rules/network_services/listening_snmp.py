"""No host answers to SNMP."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.services import listens

PORTS = (161, 162)


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.4-b", "8.1.4.1-c"),
    scope="host",
    probes=("listening",),
    title_zh="不得开放 SNMP 代理端口",
    title_en="No host answers to SNMP",
    rationale="Versions 1 and 2c send their password in clear text; metrics go by node exporter.",
    remediation="./yiyun hosts converge --role services",
    references=("ss(8)",),
)
def listening_snmp(host: Host) -> Iterator[Finding]:
    return listens(host, PORTS)
