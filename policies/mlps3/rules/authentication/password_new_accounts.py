"""Accounts that are made from now on must change their passwords."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule

DAYS = 90


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.1-a",),
    scope="host",
    probes=("pam",),
    title_zh="新建账户默认启用口令有效期",
    title_en="Accounts that are made from now on must change their passwords",
    rationale="The standard wants passwords changed regularly; assessors expect 90 days.",
    remediation="./yiyun hosts converge --role password_quality",
    references=("login.defs(5) PASS_MAX_DAYS",),
)
def password_new_accounts(host: Host) -> Iterator[Finding]:
    defaults = host.facts("pam").facts("new_accounts")
    most = defaults.maybe_number("most_days")
    if most is None or most > DAYS:
        yield Finding(
            f"PASS_MAX_DAYS is {'not set' if most is None else most}; wanted {DAYS}", defaults.at("most_days"), most
        )
