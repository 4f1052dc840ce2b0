"""Passwords are changed regularly."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.accounts import accounts

DAYS = 90


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.1-a",),
    scope="host",
    probes=("accounts",),
    title_zh="口令定期更换",
    title_en="Passwords are changed regularly",
    rationale="The standard wants passwords changed regularly; assessors expect 90 days. Accounts that have none are left alone.",
    remediation="./yiyun hosts converge --role password_quality",
    references=("shadow(5)", "chage(1)"),
)
def account_password_age(host: Host) -> Iterator[Finding]:
    for account in accounts(host):
        if account.text("password") in ("locked", "none", "empty"):
            continue
        name, most = account.text("name"), account.maybe_number("most_days")
        if most is None or most > DAYS:
            limit = "without end" if most is None else f"{most} days"
            yield Finding(
                f"the password of {shown(name)} may stay {limit}; wanted {DAYS} days", account.at("most_days"), most
            )
