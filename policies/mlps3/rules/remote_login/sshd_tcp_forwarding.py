"""SSH is no way around the firewall."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.sshd import is_set


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.3.1-a", "8.1.4.4-b"),
    scope="host",
    probes=("sshd",),
    title_zh="SSH 不得用于转发端口绕过边界",
    title_en="SSH is no way around the firewall",
    rationale="A forwarded port reaches what the firewall closes, and the firewall sees SSH only.",
    remediation="./yiyun hosts converge --role sshd",
    references=("sshd_config(5) AllowTcpForwarding",),
)
def sshd_tcp_forwarding(host: Host) -> Iterator[Finding]:
    return is_set(host, "no", "allowtcpforwarding")
