"""No database of a host itself is open to the network."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.services import listens

PORTS = (1433, 1521, 2881, 3306, 5432, 6379, 9200, 11211, 27017)


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.4-b", "8.1.3.2-a"),
    scope="host",
    probes=("listening",),
    title_zh="主机不得直接对外开放数据库端口",
    title_en="No database of a host itself is open to the network",
    rationale="Databases of the platform live in pods behind network policies; one on the host is nobody's.",
    remediation="bind it to 127.0.0.1, or move it into the cluster",
    references=("ss(8)",),
)
def listening_databases(host: Host) -> Iterator[Finding]:
    return listens(host, PORTS)
