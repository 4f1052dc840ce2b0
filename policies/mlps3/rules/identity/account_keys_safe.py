"""Nobody can add a key to another's account."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.accounts import people


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.1-a", "8.1.4.2-f"),
    scope="host",
    probes=("homes",),
    title_zh="他人不得改写用户的 SSH 公钥文件",
    title_en="Nobody can add a key to another's account",
    rationale="Who can write another's authorized_keys can log in as him.",
    remediation="chmod go-w ~/.ssh ~/.ssh/authorized_keys; chown NAME",
    references=("sshd(8) FILES",),
)
def account_keys_safe(host: Host) -> Iterator[Finding]:
    for person in people(host):
        name = person.text("name")
        for kind in ("home", "keys_directory", "keys"):
            found = person.maybe_facts(kind)
            if found is None:
                continue
            owner, mode = found.text("owner"), found.number("mode")
            if owner not in (name, "root"):
                yield Finding(f"{shown(found.text('path'))} belongs to {shown(owner)}", found.at("owner"), owner)
            if mode & 0o022:
                yield Finding(
                    f"{shown(found.text('path'))} has mode {mode:04o}: others can write it",
                    found.at("mode"),
                    f"{mode:04o}",
                )
