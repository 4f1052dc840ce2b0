"""No account opens without a password."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.accounts import accounts


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.1-a", "8.1.4.2-b"),
    scope="host",
    probes=("accounts",),
    title_zh="不得存在空口令账户",
    title_en="No account opens without a password",
    rationale="An account with an empty password belongs to everybody.",
    remediation="passwd --lock NAME, or give it a password",
    references=("shadow(5)",),
)
def account_empty_password(host: Host) -> Iterator[Finding]:
    for account in accounts(host):
        if account.text("password") == "empty":
            name = account.text("name")
            yield Finding(f"{shown(name)} has an empty password", account.at("password"), name)
