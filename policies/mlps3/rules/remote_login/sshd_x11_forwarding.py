"""SSH forwards no X11."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.sshd import is_set


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.4-b",),
    scope="host",
    probes=("sshd",),
    title_zh="SSH 关闭 X11 转发",
    title_en="SSH forwards no X11",
    rationale="A forwarded display lets the server read the keyboard of the administrator's machine.",
    remediation="./yiyun hosts converge --role sshd",
    references=("sshd_config(5) X11Forwarding",),
)
def sshd_x11_forwarding(host: Host) -> Iterator[Finding]:
    return is_set(host, "no", "x11forwarding")
