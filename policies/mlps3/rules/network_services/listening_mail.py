"""No host takes mail from others."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.services import listens

PORTS = (25, 110, 143, 587)


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.4-a", "8.1.4.4-b", "8.1.3.4-b"),
    scope="host",
    probes=("listening",),
    title_zh="服务器不对外提供邮件服务",
    title_en="No host takes mail from others",
    rationale="A server of a cloud has no mailboxes.",
    remediation="./yiyun hosts converge --role services",
    references=("ss(8)",),
)
def listening_mail(host: Host) -> Iterator[Finding]:
    return listens(host, PORTS)
