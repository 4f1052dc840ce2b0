"""The SSH server records who came."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.sshd import logins, one

# The debug levels record what people type and are against the privacy of users, by sshd_config(5).
LEVELS = ("info", "verbose")
FACILITIES = ("auth", "authpriv")


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.3-a", "8.1.4.3-b", "8.1.3.5-d"),
    scope="host",
    probes=("sshd",),
    title_zh="SSH 服务记录登录日志",
    title_en="The SSH server records who came",
    rationale="A login that nobody wrote down cannot be asked about later.",
    remediation="./yiyun hosts converge --role sshd",
    references=("sshd_config(5) LogLevel",),
)
def sshd_log(host: Host) -> Iterator[Finding]:
    for login in logins(host):
        level, facility = one(login, "loglevel"), one(login, "syslogfacility")
        if level not in LEVELS:
            yield Finding(f"loglevel is {shown(level)}; wanted info or verbose", login.at("loglevel"), level)
        if facility not in FACILITIES:
            yield Finding(
                f"syslogfacility is {shown(facility)}, which holds no logins", login.at("syslogfacility"), facility
            )
