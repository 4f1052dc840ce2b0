"""SSH protects integrity with algorithms that hold."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.sshd import lists_only

STRONG = (
    "hmac-sha2-256",
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sm3",
    "umac-128@openssh.com",
    "umac-128-etm@openssh.com",
)


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.1-c", "8.1.4.7-a", "8.1.2.2-a"),
    scope="host",
    probes=("sshd",),
    title_zh="SSH 仅使用安全的完整性算法",
    title_en="SSH protects integrity with algorithms that hold",
    rationale="MD5, SHA-1 and tags of 64 bits are not what assessors take for cryptography any more.",
    remediation="./yiyun hosts converge --role sshd",
    references=("sshd_config(5) MACs",),
)
def sshd_macs(host: Host) -> Iterator[Finding]:
    return lists_only(host, "macs", STRONG)
