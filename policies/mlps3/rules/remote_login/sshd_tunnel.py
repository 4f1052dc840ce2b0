"""SSH builds no tunnels between networks."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.sshd import is_set


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.3.1-a", "8.1.4.4-b"),
    scope="host",
    probes=("sshd",),
    title_zh="SSH 关闭隧道设备转发",
    title_en="SSH builds no tunnels between networks",
    rationale="A tunnel joins two networks behind the back of the boundary between them.",
    remediation="./yiyun hosts converge --role sshd",
    references=("sshd_config(5) PermitTunnel",),
)
def sshd_tunnel(host: Host) -> Iterator[Finding]:
    return is_set(host, "no", "permittunnel")
