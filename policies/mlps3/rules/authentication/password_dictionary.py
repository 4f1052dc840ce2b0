"""A new password stands in no dictionary."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.pam import quality


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.1-a",),
    scope="host",
    probes=("pam",),
    title_zh="新口令须通过字典检查",
    title_en="A new password stands in no dictionary",
    rationale="Words are what a guessing program tries first.",
    remediation="./yiyun hosts converge --role password_quality",
    references=("pwquality.conf(5) dictcheck",),
)
def password_dictionary(host: Host) -> Iterator[Finding]:
    found = quality(host)
    if found is None:
        yield Finding("nothing looks at a new password", "pam.password.quality")
    elif not found.flag("dictionary"):
        yield Finding("words of the dictionary are taken", found.at("dictionary"), found.flag("dictionary"))
