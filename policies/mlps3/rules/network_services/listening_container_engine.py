"""No container engine listens to the network."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.services import listens

PORTS = (2375, 2376)


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.4-b", "8.1.4.2-a"),
    scope="host",
    probes=("listening",),
    title_zh="容器引擎不得监听网络端口",
    title_en="No container engine listens to the network",
    rationale="Who reaches it is root on the host.",
    remediation="remove the tcp address from the engine's hosts",
    references=("ss(8)",),
)
def listening_container_engine(host: Host) -> Iterator[Finding]:
    return listens(host, PORTS)
