"""No service announces itself to its neighbours."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.services import listens

PORTS = (631, 1900, 5353, 5355)


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.4-b", "8.1.4.4-a"),
    scope="host",
    probes=("listening",),
    title_zh="不得开放发现与打印服务端口",
    title_en="No service announces itself to its neighbours",
    rationale="Announcements tell an intruder what there is, and take answers from anybody.",
    remediation="./yiyun hosts converge --role services",
    references=("ss(8)",),
)
def listening_discovery(host: Host) -> Iterator[Finding]:
    return listens(host, PORTS)
