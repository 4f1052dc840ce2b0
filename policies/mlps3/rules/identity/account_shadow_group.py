"""Nobody is in the group that reads password hashes."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.accounts import groups


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-d", "8.1.4.8-b"),
    scope="host",
    probes=("accounts",),
    title_zh="shadow 组内无成员",
    title_en="Nobody is in the group that reads password hashes",
    rationale="Who reads the hashes can guess the passwords at home.",
    remediation="gpasswd --delete NAME shadow",
    references=("group(5)", "shadow(5)"),
)
def account_shadow_group(host: Host) -> Iterator[Finding]:
    for group in groups(host):
        if group.text("name") == "shadow" and group.texts("members"):
            members = ", ".join(group.texts("members"))
            yield Finding(f"in the group shadow: {shown(members)}", group.at("members"), members)
