"""No file in a home lets others in without a password."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.accounts import people


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.1-a", "8.1.4.8-b"),
    scope="host",
    probes=("homes",),
    title_zh="主目录中无免口令信任文件",
    title_en="No file in a home lets others in without a password",
    rationale="rhosts and shosts trust whole hosts, netrc keeps passwords in clear text.",
    remediation="rm the file named",
    references=("hosts.equiv(5)", "sshd(8) FILES"),
)
def account_trust_files(host: Host) -> Iterator[Finding]:
    for person in people(host):
        name = person.text("name")
        for kind in ("rhosts", "shosts", "netrc"):
            found = person.maybe_facts(kind)
            if found is not None:
                yield Finding(f"{shown(found.text('path'))} is there", person.at(kind), name)
