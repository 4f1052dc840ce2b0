"""A locked account stays closed, also to the right password."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.pam import stacks


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.1-b",),
    scope="host",
    probes=("pam",),
    title_zh="账户锁定后即使口令正确也拒绝登录",
    title_en="A locked account stays closed, also to the right password",
    rationale="A lock that the right password opens stops nobody who guesses on.",
    remediation="./yiyun hosts converge --role lockout",
    references=("pam_faillock(8)", "pam.conf(5)"),
)
def lockout_refuses(host: Host) -> Iterator[Finding]:
    for name, service in stacks(host):
        if not service.flag("refuses"):
            yield Finding(f"{name}: a locked account is let in", service.at("refuses"))
