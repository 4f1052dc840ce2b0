"""Every group is one group, and every account's group exists."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.accounts import accounts, groups


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-a",),
    scope="host",
    probes=("accounts",),
    title_zh="组名与 GID 唯一且账户主组存在",
    title_en="Every group is one group, and every account's group exists",
    rationale="A number that two groups share, or that no group has yet, gives rights to whoever gets it next.",
    remediation="groupmod --gid NUMBER NAME, or groupadd --gid NUMBER NAME",
    references=("group(5)",),
)
def group_unique(host: Host) -> Iterator[Finding]:
    numbers: dict[int, str] = {}
    for group in groups(host):
        name, gid = group.text("name"), group.number("gid")
        if gid in numbers:
            yield Finding(f"{shown(name)} and {shown(numbers[gid])} have one gid, {gid}", group.at("gid"), gid)
        numbers.setdefault(gid, name)
    for account in accounts(host):
        if account.number("gid") not in numbers:
            text = f"the group {account.number('gid')} of {shown(account.text('name'))} does not exist"
            yield Finding(text, account.at("gid"), account.number("gid"))
