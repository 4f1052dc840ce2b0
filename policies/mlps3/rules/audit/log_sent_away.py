"""Records leave the host at once."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.3-c", "8.1.5.4-d", "8.1.3.5-c", "8.1.10.6-g", "8.2.5.1-c"),
    scope="host",
    probes=("listening",),
    title_zh="日志实时发送至日志服务器",
    title_en="Records leave the host at once",
    rationale="Who is root on a host can change its records; a copy elsewhere he cannot.",
    remediation="rsyslog_servers in the inventory, then ./yiyun hosts converge --role rsyslog",
    references=("rsyslog.conf(5)",),
)
def log_sent_away(host: Host) -> Iterator[Finding]:
    if not any(not peer.flag("loopback") for peer in host.facts("listening").items("log_connections")):
        yield Finding("no syslog daemon has a connection to another host", "listening.log_connections")
