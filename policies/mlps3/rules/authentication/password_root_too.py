"""Passwords that root sets are looked at too."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.pam import quality


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.1-a",),
    scope="host",
    probes=("pam",),
    title_zh="口令复杂度对 root 同样生效",
    title_en="Passwords that root sets are looked at too",
    rationale="First passwords, and root's own, are set by root.",
    remediation="./yiyun hosts converge --role password_quality",
    references=("pwquality.conf(5) enforce_for_root",),
)
def password_root_too(host: Host) -> Iterator[Finding]:
    found = quality(host)
    if found is None:
        yield Finding("nothing looks at a new password", "pam.password.quality")
    elif not found.flag("root_too"):
        yield Finding("what root sets is not looked at", found.at("root_too"), found.flag("root_too"))
