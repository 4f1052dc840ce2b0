"""SSH trusts no host in place of a person."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.sshd import is_set


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.1-a",),
    scope="host",
    probes=("sshd",),
    title_zh="SSH 禁用基于主机的信任登录",
    title_en="SSH trusts no host in place of a person",
    rationale="Trust in hosts passes on: who holds one holds all.",
    remediation="./yiyun hosts converge --role sshd",
    references=("sshd_config(5) HostbasedAuthentication",),
)
def sshd_host_based(host: Host) -> Iterator[Finding]:
    yield from is_set(host, "no", "hostbasedauthentication")
    yield from is_set(host, "yes", "ignorerhosts")
