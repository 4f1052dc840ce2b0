"""Only administrators read the records."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.host_files import GROUP_WRITE, OTHERS, existing, owned

PATHS = (
    "/var/log/audit",
    "/var/log/audit/audit.log",
    "/var/log/auth.log",
    "/var/log/btmp",
    "/var/log/messages",
    "/var/log/secure",
    "/var/log/sudo.log",
    "/var/log/syslog",
)
GROUPS = ("adm", "root", "systemd-journal", "utmp", "yiyun-audit")


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.3-c",),
    scope="host",
    probes=("files",),
    title_zh="日志文件仅管理员可读写",
    title_en="Only administrators read the records",
    rationale="Records hold who came from where, and what he mistyped as a name.",
    remediation="chmod o-rwx FILE; chown root FILE",
)
def log_files(host: Host) -> Iterator[Finding]:
    for path, found in existing(host, PATHS):
        # Programs that are no root's write failed logins as the group utmp.
        yield from owned(path, found, OTHERS if path.endswith("btmp") else OTHERS | GROUP_WRITE, GROUPS)
