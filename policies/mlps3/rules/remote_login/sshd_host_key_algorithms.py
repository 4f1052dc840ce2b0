"""SSH hosts prove who they are with algorithms that hold."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.sshd import logins, one

WEAK = ("ssh-rsa", "ssh-dss")


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.1-c",),
    scope="host",
    probes=("sshd",),
    title_zh="SSH 主机密钥仅使用安全的签名算法",
    title_en="SSH hosts prove who they are with algorithms that hold",
    rationale="Signatures over SHA-1 and DSA keys can be forged, and with them the host.",
    remediation="./yiyun hosts converge --role sshd",
    references=("sshd_config(5) HostKeyAlgorithms",),
)
def sshd_host_key_algorithms(host: Host) -> Iterator[Finding]:
    for login in logins(host):
        for each in one(login, "hostkeyalgorithms").split(","):
            if each.removesuffix("-cert-v01@openssh.com") in WEAK:
                yield Finding(f"hostkeyalgorithms offers {shown(each)}", login.at("hostkeyalgorithms"), each)
