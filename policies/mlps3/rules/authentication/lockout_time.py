"""A locked account stays locked for a while."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.pam import lockouts

LEAST_SECONDS = 600


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.1-b",),
    scope="host",
    probes=("pam",),
    title_zh="账户锁定时间不少于 10 分钟",
    title_en="A locked account stays locked for a while",
    rationale="Assessors expect 10 to 30 minutes; less lets a program guess on.",
    remediation="./yiyun hosts converge --role lockout",
    references=("faillock.conf(5) unlock_time",),
)
def lockout_time(host: Host) -> Iterator[Finding]:
    for name, lockout in lockouts(host):
        seconds = lockout.maybe_number("unlock_seconds")
        # 0 and `never`: until an administrator opens it.
        if seconds is not None and 0 < seconds < LEAST_SECONDS:
            yield Finding(
                f"{name}: opens again after {seconds} s; wanted {LEAST_SECONDS} s",
                lockout.at("unlock_seconds"),
                seconds,
            )
