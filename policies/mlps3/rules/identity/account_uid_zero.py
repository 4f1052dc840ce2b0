"""Only root has all rights by its number."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.accounts import accounts


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.1-a", "8.1.4.2-b"),
    scope="host",
    probes=("accounts",),
    title_zh="除 root 外不得有 UID 为 0 的账户",
    title_en="Only root has all rights by its number",
    rationale="A second account with uid 0 is root under a name that nobody watches.",
    remediation="usermod --uid NUMBER NAME, or userdel NAME",
    references=("passwd(5)",),
)
def account_uid_zero(host: Host) -> Iterator[Finding]:
    for account in accounts(host):
        name = account.text("name")
        if account.number("uid") == 0 and name != "root":
            yield Finding(f"{shown(name)} has uid 0", account.at("uid"), name)
