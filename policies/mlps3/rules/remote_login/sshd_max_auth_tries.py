"""A connection over SSH has few tries."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.sshd import at_most

MOST = 5


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.1-b",),
    scope="host",
    probes=("sshd",),
    title_zh="单次 SSH 连接的鉴别尝试次数受限",
    title_en="A connection over SSH has few tries",
    rationale="Assessors expect 3 to 5 tries; each more makes guessing cheaper.",
    remediation="./yiyun hosts converge --role sshd",
    references=("sshd_config(5) MaxAuthTries",),
)
def sshd_max_auth_tries(host: Host) -> Iterator[Finding]:
    return at_most(host, "maxauthtries", MOST)
