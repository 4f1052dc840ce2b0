"""Accounts of programs cannot log in by password."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.accounts import accounts

FIRST_PERSON = 1000


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.2-b", "8.1.4.2-c"),
    scope="host",
    probes=("accounts",),
    title_zh="系统账户与默认账户不能用口令登录",
    title_en="Accounts of programs cannot log in by password",
    rationale="Accounts that come with the system are known to every attacker by name.",
    remediation="passwd --lock NAME; usermod --shell /usr/sbin/nologin NAME",
    references=("passwd(5)", "shadow(5)"),
)
def account_of_system(host: Host) -> Iterator[Finding]:
    for account in accounts(host):
        name, uid = account.text("name"), account.number("uid")
        if not 0 < uid < FIRST_PERSON:
            continue
        if account.flag("may_log_in") and account.text("password") not in ("locked", "none"):
            yield Finding(f"{shown(name)} (uid {uid}) has a shell and a password", account.at("password"), name)
