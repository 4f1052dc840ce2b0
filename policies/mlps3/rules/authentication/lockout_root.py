"""Guessing root's password ends too."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule
from yiyun.compliance.accounts import accounts
from yiyun.compliance.pam import lockouts


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.1-b",),
    scope="host",
    probes=("accounts", "pam"),
    title_zh="root 账户同样受登录失败锁定约束",
    title_en="Guessing root's password ends too",
    rationale="Root is the name that is guessed first.",
    remediation="./yiyun hosts converge --role lockout",
    references=("faillock.conf(5) even_deny_root",),
)
def lockout_root(host: Host) -> Iterator[Finding]:
    for account in accounts(host):
        if account.text("name") == "root" and account.text("password") == "locked":
            raise NotApplicable("root has no password to guess")
    for name, lockout in lockouts(host):
        if not lockout.flag("root_too"):
            yield Finding(f"{name}: root is never locked", lockout.at("root_too"))
