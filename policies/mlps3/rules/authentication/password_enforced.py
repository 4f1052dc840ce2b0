"""A bad new password is refused, not only talked about."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.pam import quality


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.1-a",),
    scope="host",
    probes=("pam",),
    title_zh="口令复杂度检查为强制",
    title_en="A bad new password is refused, not only talked about",
    rationale="A warning that can be passed over leaves the bad password in place.",
    remediation="./yiyun hosts converge --role password_quality",
    references=("pwquality.conf(5) enforcing",),
)
def password_enforced(host: Host) -> Iterator[Finding]:
    found = quality(host)
    if found is None:
        yield Finding("nothing looks at a new password", "pam.password.quality")
    elif not found.flag("enforced"):
        yield Finding("a bad password is taken after a warning", found.at("enforced"), found.flag("enforced"))
