"""No service takes passwords or files in clear text."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.services import listens

PORTS = (21, 23, 69, 79, 512, 513, 514)


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.4-b", "8.1.4.1-c"),
    scope="host",
    probes=("listening",),
    title_zh="不得开放明文登录与传输服务",
    title_en="No service takes passwords or files in clear text",
    rationale="FTP, Telnet, TFTP, finger and the r-commands show everything to whoever is on the way.",
    remediation="./yiyun hosts converge --role services",
    references=("ss(8)",),
)
def listening_clear_text(host: Host) -> Iterator[Finding]:
    return listens(host, PORTS)
