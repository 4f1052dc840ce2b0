"""A new password has several kinds of characters."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.pam import quality

LEAST = 3


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.1-a",),
    scope="host",
    probes=("pam",),
    title_zh="新口令至少包含三类字符",
    title_en="A new password has several kinds of characters",
    rationale="Assessors expect three of four kinds: digits, capitals, small letters, others.",
    remediation="./yiyun hosts converge --role password_quality",
    references=("pwquality.conf(5) minclass",),
)
def password_kinds(host: Host) -> Iterator[Finding]:
    found = quality(host)
    if found is None:
        yield Finding("nothing looks at a new password", "pam.password.quality")
    elif found.number("kinds") < LEAST:
        yield Finding(
            f"a new password may have {found.number('kinds')} kinds of characters; wanted {LEAST}",
            found.at("kinds"),
            found.number("kinds"),
        )
