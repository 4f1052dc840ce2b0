"""Nobody logs in over SSH with an empty password."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.sshd import is_set


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.1-a", "8.1.4.2-b"),
    scope="host",
    probes=("sshd",),
    title_zh="禁止空口令通过 SSH 登录",
    title_en="Nobody logs in over SSH with an empty password",
    rationale="An account without a password is open to everybody who reaches the port.",
    remediation="./yiyun hosts converge --role sshd",
    references=("sshd_config(5) PermitEmptyPasswords",),
)
def sshd_empty_passwords(host: Host) -> Iterator[Finding]:
    return is_set(host, "no", "permitemptypasswords")
