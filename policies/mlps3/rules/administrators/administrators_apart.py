"""System, security and audit administrators are different people."""

import itertools
from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.accounts import groups

DUTIES = ("yiyun-audit", "yiyun-security", "yiyun-system")


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.2-d", "8.1.5.1-b", "8.1.5.2-a", "8.1.5.3-a", "8.1.5.3-b"),
    scope="host",
    probes=("accounts",),
    title_zh="系统、安全、审计管理员三权分立",
    title_en="System, security and audit administrators are different people",
    rationale="Who can both act and clear the record of it is watched by nobody.",
    remediation="./yiyun hosts converge --role administrators",
)
def administrators_apart(host: Host) -> Iterator[Finding]:
    duties: dict[str, list[str]] = {}
    for group in groups(host):
        name = group.text("name")
        if name in DUTIES:
            duties[name] = group.texts("members")
    for name in DUTIES:
        if not duties.get(name):
            yield Finding(f"nobody is in the group {name}", "accounts.groups", name)
    for first, second in itertools.combinations(sorted(duties), 2):
        both = sorted({*duties[first]} & {*duties[second]})
        if both:
            yield Finding(f"{shown(', '.join(both))}: both {first} and {second}", "accounts.groups", ", ".join(both))
