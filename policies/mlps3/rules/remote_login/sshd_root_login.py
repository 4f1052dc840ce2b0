"""Root does not log in over SSH."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.sshd import is_set


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.2-b", "8.1.4.2-d", "8.1.5.1-a"),
    scope="host",
    probes=("sshd",),
    title_zh="禁止 root 通过 SSH 直接登录",
    title_en="Root does not log in over SSH",
    rationale="Root is the one account that everybody knows; whoever uses it directly leaves no name in the records.",
    remediation="./yiyun hosts converge --role sshd",
    references=("sshd_config(5) PermitRootLogin",),
)
def sshd_root_login(host: Host) -> Iterator[Finding]:
    return is_set(host, "no", "permitrootlogin")
