"""Wrong passwords are remembered long enough to be counted."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.pam import lockouts

LEAST_SECONDS = 600


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.1-b",),
    scope="host",
    probes=("pam",),
    title_zh="失败计数时间窗不少于 10 分钟",
    title_en="Wrong passwords are remembered long enough to be counted",
    rationale="With a short memory, a patient program never reaches the limit.",
    remediation="./yiyun hosts converge --role lockout",
    references=("faillock.conf(5) fail_interval",),
)
def lockout_interval(host: Host) -> Iterator[Finding]:
    for name, lockout in lockouts(host):
        if lockout.text("module") != "pam_faillock":
            continue  # the others forget only after a right password
        seconds = lockout.number("interval_seconds")
        if seconds < LEAST_SECONDS:
            yield Finding(
                f"{name}: forgets after {seconds} s; wanted {LEAST_SECONDS} s", lockout.at("interval_seconds"), seconds
            )
