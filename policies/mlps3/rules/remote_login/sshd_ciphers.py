"""SSH encrypts with algorithms that hold."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.sshd import lists_only

STRONG = (
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "sm4-ctr",
)


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.1-c", "8.1.4.8-a"),
    scope="host",
    probes=("sshd",),
    title_zh="SSH 仅使用安全的加密算法",
    title_en="SSH encrypts with algorithms that hold",
    rationale="CBC modes, RC4 and 64-bit blocks have known attacks that give parts of the text away.",
    remediation="./yiyun hosts converge --role sshd",
    references=("sshd_config(5) Ciphers",),
)
def sshd_ciphers(host: Host) -> Iterator[Finding]:
    return lists_only(host, "ciphers", STRONG)
