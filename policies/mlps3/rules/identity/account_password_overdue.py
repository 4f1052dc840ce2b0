"""No password is older than it may be."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.accounts import accounts

DAYS = 90


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.1-a", "8.1.4.2-c"),
    scope="host",
    probes=("accounts",),
    title_zh="不存在超期未更换的口令",
    title_en="No password is older than it may be",
    rationale="A limit on paper that nobody has kept for months is none.",
    remediation="chage --lastday 0 NAME, or lock the account",
    references=("shadow(5)", "chage(1)"),
)
def account_password_overdue(host: Host) -> Iterator[Finding]:
    for account in accounts(host):
        if account.text("password") in ("locked", "none", "empty") or account.flag("expired"):
            continue
        name, age = account.text("name"), account.maybe_number("days_since_change")
        if age is None or age > DAYS:
            text = "has no date" if age is None else f"is {age} days old"
            yield Finding(
                f"the password of {shown(name)} {text}; wanted at most {DAYS}", account.at("days_since_change"), age
            )
