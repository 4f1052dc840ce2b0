"""An account whose password has run out closes by itself."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.accounts import accounts

DAYS = 90


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-c",),
    scope="host",
    probes=("accounts",),
    title_zh="口令过期后账户自动停用",
    title_en="An account whose password has run out closes by itself",
    rationale="Accounts that nobody uses any more must not stay open; root's console is the way back in and is left out.",
    remediation="./yiyun hosts converge --role password_quality",
    references=("shadow(5)", "useradd(8) --inactive"),
)
def account_idle(host: Host) -> Iterator[Finding]:
    for account in accounts(host):
        name = account.text("name")
        if name == "root" or account.text("password") in ("locked", "none", "empty"):
            continue
        idle = account.maybe_number("idle_days")
        if idle is None or idle > DAYS:
            limit = "never" if idle is None else f"after {idle} days"
            yield Finding(f"{shown(name)} closes {limit}; wanted within {DAYS}", account.at("idle_days"), idle)
