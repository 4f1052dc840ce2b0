"""SSH agrees on keys with algorithms that hold."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.sshd import lists_only

STRONG = (
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "diffie-hellman-group14-sha256",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
    "diffie-hellman-group-exchange-sha256",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "mlkem768x25519-sha256",
    "sm2-sm3",
    "sntrup761x25519-sha512",
    "sntrup761x25519-sha512@openssh.com",
)


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.1-c", "8.1.4.8-a"),
    scope="host",
    probes=("sshd",),
    title_zh="SSH 仅使用安全的密钥交换算法",
    title_en="SSH agrees on keys with algorithms that hold",
    rationale="SHA-1 and 1024-bit groups can be broken by who records the traffic.",
    remediation="./yiyun hosts converge --role sshd",
    references=("sshd_config(5) KexAlgorithms",),
)
def sshd_key_exchanges(host: Host) -> Iterator[Finding]:
    return lists_only(host, "kexalgorithms", STRONG)
