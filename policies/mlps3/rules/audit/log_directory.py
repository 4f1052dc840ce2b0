"""Nobody but the system puts files among the records."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.host_files import existing, owned


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.3-c",),
    scope="host",
    probes=("files",),
    title_zh="日志目录不可被普通用户写入",
    title_en="Nobody but the system puts files among the records",
    rationale="Who can write the directory can put another file in the place of a record.",
    remediation="chmod o-w /var/log",
)
def log_directory(host: Host) -> Iterator[Finding]:
    for path, found in existing(host, ("/var/log",)):
        yield from owned(path, found, 0o002, ("adm", "root", "syslog"))
