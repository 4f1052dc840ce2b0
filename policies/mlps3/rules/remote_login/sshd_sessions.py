"""One connection over SSH carries few sessions."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.sshd import at_most

MOST = 10


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.1-b",),
    scope="host",
    probes=("sshd",),
    title_zh="单个 SSH 连接的会话数受限",
    title_en="One connection over SSH carries few sessions",
    rationale="Every session on a connection comes without another login.",
    remediation="./yiyun hosts converge --role sshd",
    references=("sshd_config(5) MaxSessions",),
)
def sshd_sessions(host: Host) -> Iterator[Finding]:
    return at_most(host, "maxsessions", MOST)
