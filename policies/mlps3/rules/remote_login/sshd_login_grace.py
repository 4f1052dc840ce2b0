"""A connection over SSH that does not log in is cut."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.sshd import at_most

SECONDS = 60


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.1-b",),
    scope="host",
    probes=("sshd",),
    title_zh="未完成鉴别的 SSH 连接会被及时断开",
    title_en="A connection over SSH that does not log in is cut",
    rationale="Connections that are kept open without a login use up the server's few places for new ones.",
    remediation="./yiyun hosts converge --role sshd",
    references=("sshd_config(5) LoginGraceTime",),
)
def sshd_login_grace(host: Host) -> Iterator[Finding]:
    return at_most(host, "logingracetime", SECONDS, " s")
