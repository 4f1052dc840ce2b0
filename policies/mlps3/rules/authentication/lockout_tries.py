"""Few wrong passwords lock an account."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.pam import lockouts

MOST = 5


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.1-b",),
    scope="host",
    probes=("pam",),
    title_zh="连续登录失败不超过 5 次即锁定",
    title_en="Few wrong passwords lock an account",
    rationale="Assessors expect 3 to 5 tries.",
    remediation="./yiyun hosts converge --role lockout",
    references=("faillock.conf(5) deny",),
)
def lockout_tries(host: Host) -> Iterator[Finding]:
    for name, lockout in lockouts(host):
        tries = lockout.number("tries")
        if not 0 < tries <= MOST:
            when = f"locks after {tries} tries" if tries else "never locks"
            yield Finding(f"{name}: {when}; wanted 1 to {MOST} tries", lockout.at("tries"), tries)
