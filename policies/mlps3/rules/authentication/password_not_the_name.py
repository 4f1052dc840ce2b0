"""A new password does not hold the account's name."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.pam import quality


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.1-a",),
    scope="host",
    probes=("pam",),
    title_zh="新口令不得包含账户名",
    title_en="A new password does not hold the account's name",
    rationale="The name is what everybody knows of an account.",
    remediation="./yiyun hosts converge --role password_quality",
    references=("pwquality.conf(5) usercheck",),
)
def password_not_the_name(host: Host) -> Iterator[Finding]:
    found = quality(host)
    if found is None:
        yield Finding("nothing looks at a new password", "pam.password.quality")
    elif not found.flag("not_the_name"):
        yield Finding(
            "a password with the account's name is taken", found.at("not_the_name"), found.flag("not_the_name")
        )
