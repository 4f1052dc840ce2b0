"""No service for shares runs."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.services import at_rest

UNITS = ("nfs-server.service", "rpcbind.service", "rpcbind.socket", "smb.service", "smbd.service", "autofs.service")


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.4-b",),
    scope="host",
    probes=("units",),
    title_zh="关闭文件共享与 RPC 服务",
    title_en="No service for shares runs",
    rationale="Shares of hosts go around the storage with its rights and its records.",
    remediation="./yiyun hosts converge --role services",
    references=("systemctl(1)",),
)
def service_shares(host: Host) -> Iterator[Finding]:
    return at_rest(host, UNITS)
