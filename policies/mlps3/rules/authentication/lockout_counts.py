"""A wrong password is counted wherever one is asked for."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.pam import stacks


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.1-b",),
    scope="host",
    probes=("pam",),
    title_zh="所有口令登录入口均对失败次数计数",
    title_en="A wrong password is counted wherever one is asked for",
    rationale="The module must be on the way that a login really takes: one that stands behind a `sufficient` module is never asked.",
    remediation="./yiyun hosts converge --role lockout",
    references=("pam_faillock(8)", "pam.conf(5)"),
)
def lockout_counts(host: Host) -> Iterator[Finding]:
    for name, service in stacks(host):
        if not service.flag("counts"):
            yield Finding(f"{name}: a wrong password is not counted", service.at("counts"))
