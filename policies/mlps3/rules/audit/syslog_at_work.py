"""A syslog daemon runs and starts with the host."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.services import at_work


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.3-a",),
    scope="host",
    probes=("units",),
    title_zh="系统日志服务运行且开机自启",
    title_en="A syslog daemon runs and starts with the host",
    rationale="It keeps the records of logins for months and sends them away.",
    remediation="./yiyun hosts converge --role rsyslog",
    references=("rsyslogd(8)",),
)
def syslog_at_work(host: Host) -> Iterator[Finding]:
    return at_work(host, "a syslog daemon", "rsyslog.service")
