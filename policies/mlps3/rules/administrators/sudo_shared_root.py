"""No group of people shares all rights."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.accounts import accounts, groups, sudo_rights


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.2-d", "8.1.5.1-a", "8.1.5.3-b"),
    scope="host",
    probes=("sudo", "accounts"),
    title_zh="不得以共享组授予全部权限",
    title_en="No group of people shares all rights",
    rationale="A group whose members may do everything is one administrator with many names: no duties are apart.",
    remediation="./yiyun hosts converge --role administrators",
    references=("sudoers(5)",),
)
def sudo_shared_root(host: Host) -> Iterator[Finding]:
    members: dict[str, list[str]] = {}
    numbers: dict[int, str] = {}
    for group in groups(host):
        members[group.text("name")] = group.texts("members")
        numbers[group.number("gid")] = group.text("name")
    for account in accounts(host):
        own = numbers.get(account.number("gid"))
        if own is not None and account.text("name") != own:
            members[own] = [*members[own], account.text("name")]
    for right in sudo_rights(host):
        if right.flag("negated") or not right.flag("everything"):
            continue
        if right.flag("everybody"):
            yield Finding("everybody may do everything", right.path)
            continue
        group = right.maybe_text("group")
        people = [name for name in members.get(group or "", []) if name != "root"]
        if group is not None and people:
            yield Finding(
                f"the group {shown(group)} may do everything: {shown(', '.join(people))}", right.at("group"), group
            )
