"""No service shares files or answers to RPC."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.services import listens

PORTS = (111, 135, 137, 138, 139, 445, 873, 2049)


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.4-b",),
    scope="host",
    probes=("listening",),
    title_zh="不得开放共享与 RPC 高危端口",
    title_en="No service shares files or answers to RPC",
    rationale="The ports that worms of hospitals came through.",
    remediation="./yiyun hosts converge --role services",
    references=("ss(8)",),
)
def listening_shares(host: Host) -> Iterator[Finding]:
    return listens(host, PORTS)
