"""Nobody but root is in root's group."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.accounts import accounts, groups

FIRST_PERSON = 1000


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-d",),
    scope="host",
    probes=("accounts",),
    title_zh="root 组内无其他账户",
    title_en="Nobody but root is in root's group",
    rationale="Files that root's group may read are meant for root.",
    remediation="gpasswd --delete NAME root",
    references=("group(5)",),
)
def account_root_group(host: Host) -> Iterator[Finding]:
    for group in groups(host):
        if group.number("gid") == 0:
            others = [name for name in group.texts("members") if name != "root"]
            if others:
                yield Finding(f"in root's group: {shown(', '.join(others))}", group.at("members"), ", ".join(others))
    for account in accounts(host):
        if account.number("gid") == 0 and account.number("uid") >= FIRST_PERSON:
            yield Finding(f"{shown(account.text('name'))} has root's group as its own", account.at("gid"), 0)
