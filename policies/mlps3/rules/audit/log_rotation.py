"""The system's log is kept for six months."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule

SIX_MONTHS = 184


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.3-c", "8.1.5.4-d"),
    scope="host",
    probes=("logs",),
    title_zh="系统日志本地留存不少于六个月",
    title_en="The system's log is kept for six months",
    rationale="The Cybersecurity Law wants logs of six months; from July to December that is 184 days.",
    remediation="./yiyun hosts converge --role rsyslog",
    references=("logrotate(8)",),
)
def log_rotation(host: Host) -> Iterator[Finding]:
    rotation = host.facts("logs").maybe_facts("rotation")
    if rotation is None:
        yield Finding("logrotate is not installed, or does not know the system's log", "logs.rotation")
    elif rotation.flag("by_size"):
        yield Finding(
            "the system's log is rotated by size: nobody knows how many days it holds", rotation.at("by_size")
        )
    elif rotation.number("days") < SIX_MONTHS:
        days = rotation.number("days")
        yield Finding(f"the system's log is kept for {days} days; wanted {SIX_MONTHS}", rotation.at("days"), days)
