"""Logins and failed logins are written down."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.3-a", "8.1.4.3-b"),
    scope="host",
    probes=("files",),
    title_zh="登录与失败登录均有记录",
    title_en="Logins and failed logins are written down",
    rationale="The files are written only where they exist.",
    remediation="touch /var/log/wtmp /var/log/btmp; ./yiyun hosts converge --role rsyslog",
    references=("utmp(5)",),
)
def login_records(host: Host) -> Iterator[Finding]:
    every = host.facts("files").facts("paths")
    for path in ("/var/log/wtmp", "/var/log/btmp"):
        if every.maybe_facts(path) is None:
            yield Finding(f"{path} is not there, so nobody writes it", every.at(path))
