"""A person's home directory is that person's."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.accounts import people


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-f",),
    scope="host",
    probes=("homes",),
    title_zh="用户主目录仅本人可用",
    title_en="A person's home directory is that person's",
    rationale="What stands in a home is for its owner; keys in a home that others write are theirs.",
    remediation="chmod 0700 HOME; chown NAME HOME; for new accounts: ./yiyun hosts converge --role umask",
)
def account_homes(host: Host) -> Iterator[Finding]:
    for person in people(host):
        name = person.text("name")
        home = person.maybe_facts("home")
        if home is None:
            continue
        owner, mode = home.text("owner"), home.number("mode")
        if owner != name:
            yield Finding(f"the home of {shown(name)} belongs to {shown(owner)}", home.at("owner"), owner)
        if mode & 0o027:
            yield Finding(
                f"the home of {shown(name)} has mode {mode:04o}; wanted 0750 or less", home.at("mode"), f"{mode:04o}"
            )
