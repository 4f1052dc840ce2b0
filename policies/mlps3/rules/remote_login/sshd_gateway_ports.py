"""SSH opens no ports for others."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.sshd import is_set


@rule(
    severity=Severity.LOW,
    clauses=("8.1.3.1-a", "8.1.4.4-b"),
    scope="host",
    probes=("sshd",),
    title_zh="SSH 不为其他主机开放转发端口",
    title_en="SSH opens no ports for others",
    rationale="With it, whoever logs in can open ports on the host that everybody reaches.",
    remediation="./yiyun hosts converge --role sshd",
    references=("sshd_config(5) GatewayPorts",),
)
def sshd_gateway_ports(host: Host) -> Iterator[Finding]:
    return is_set(host, "no", "gatewayports")
