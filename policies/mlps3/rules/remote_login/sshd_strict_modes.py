"""SSH takes no keys from files that others can write."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.sshd import is_set


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-f", "8.1.4.1-a"),
    scope="host",
    probes=("sshd",),
    title_zh="SSH 拒绝权限过宽的密钥文件",
    title_en="SSH takes no keys from files that others can write",
    rationale="Who can write another's authorized_keys can log in as him.",
    remediation="./yiyun hosts converge --role sshd",
    references=("sshd_config(5) StrictModes",),
)
def sshd_strict_modes(host: Host) -> Iterator[Finding]:
    return is_set(host, "yes", "strictmodes")
