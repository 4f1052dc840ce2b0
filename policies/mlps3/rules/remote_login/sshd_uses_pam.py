"""Logins over SSH walk through PAM."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.sshd import is_set


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.1-b", "8.1.4.3-a"),
    scope="host",
    probes=("sshd",),
    title_zh="SSH 登录须经过 PAM",
    title_en="Logins over SSH walk through PAM",
    rationale="Lock-out, expiry of accounts, limits and the audit's login id are PAM's; a login past it has none of them.",
    remediation="./yiyun hosts converge --role sshd",
    references=("sshd_config(5) UsePAM",),
)
def sshd_uses_pam(host: Host) -> Iterator[Finding]:
    return is_set(host, "yes", "usepam")
