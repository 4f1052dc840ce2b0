"""A new password is long."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.pam import quality

LEAST = 8


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.1-a",),
    scope="host",
    probes=("pam",),
    title_zh="新口令长度不少于 8 位",
    title_en="A new password is long",
    rationale="The standard wants complex passwords; assessors expect 8 characters or more.",
    remediation="./yiyun hosts converge --role password_quality",
    references=("pwquality.conf(5) minlen",),
)
def password_length(host: Host) -> Iterator[Finding]:
    found = quality(host)
    if found is None:
        yield Finding("nothing looks at a new password", "pam.password.quality")
    elif found.number("length") < LEAST:
        yield Finding(
            f"a new password may have {found.number('length')} characters; wanted {LEAST}",
            found.at("length"),
            found.number("length"),
        )
