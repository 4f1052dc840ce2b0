"""Every account is one person's or one program's."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.accounts import accounts


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.1-a", "8.1.4.2-c"),
    scope="host",
    probes=("accounts",),
    title_zh="账户名与 UID 唯一",
    title_en="Every account is one person's or one program's",
    rationale="Two names with one number, or one name twice, are one account in every record.",
    remediation="usermod --uid NUMBER NAME",
    references=("passwd(5)",),
)
def account_unique(host: Host) -> Iterator[Finding]:
    numbers: dict[int, str] = {}
    names: set[str] = set()
    for account in accounts(host):
        name, uid = account.text("name"), account.number("uid")
        if name in names:
            yield Finding(f"{shown(name)} stands there twice", account.at("name"), name)
        if uid in numbers and numbers[uid] != name:
            yield Finding(f"{shown(name)} and {shown(numbers[uid])} have one uid, {uid}", account.at("uid"), uid)
        names.add(name)
        numbers.setdefault(uid, name)
