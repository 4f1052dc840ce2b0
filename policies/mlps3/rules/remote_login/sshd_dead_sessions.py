"""A session over SSH whose other end has gone is ended."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.sshd import logins, whole

SECONDS = 900


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.1-b", "8.1.10.6-i"),
    scope="host",
    probes=("sshd",),
    title_zh="失去响应的 SSH 会话会自动断开",
    title_en="A session over SSH whose other end has gone is ended",
    rationale="A session that nobody holds any more is an open door until it ends. Idle ones are the shell's: rule shell_timeout.",
    remediation="./yiyun hosts converge --role sshd",
    references=("sshd_config(5) ClientAliveInterval",),
)
def sshd_dead_sessions(host: Host) -> Iterator[Finding]:
    for login in logins(host):
        interval, count = whole(login, "clientaliveinterval"), whole(login, "clientalivecountmax")
        if not (interval and count and interval * count <= SECONDS):
            text = f"asked every {interval} s, cut after {count} missing answers; wanted within {SECONDS} s"
            yield Finding(text, login.at("clientaliveinterval"), interval)
