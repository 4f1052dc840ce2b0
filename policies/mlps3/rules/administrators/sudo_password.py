"""Sudo asks who you are before it gives all rights."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.accounts import accounts, sudo_rights


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.2-d", "8.1.5.1-a"),
    scope="host",
    probes=("sudo", "accounts"),
    title_zh="sudo 全权限须再次鉴别",
    title_en="Sudo asks who you are before it gives all rights",
    rationale="Who finds a session open must not be root at once. The account of the tooling has no password and comes by key.",
    remediation="./yiyun hosts converge --role administrators",
    references=("sudoers(5) authenticate", "sudoers(5) NOPASSWD"),
)
def sudo_password(host: Host) -> Iterator[Finding]:
    passwords = {account.text("name"): account.text("password") for account in accounts(host)}
    for right in sudo_rights(host):
        if right.flag("negated") or not (right.flag("no_password") and right.flag("everything")):
            continue
        user = right.maybe_text("user")
        if user is not None and passwords.get(user) in ("locked", "none"):
            continue
        name = user or f"the group {right.maybe_text('group') or 'ALL'}"
        yield Finding(f"{shown(name)} becomes root without a password", right.at("no_password"), name)
