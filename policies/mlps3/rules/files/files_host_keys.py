"""Only root reads the keys by which the host proves itself."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, Unevaluated, rule
from yiyun.compliance.host_files import OTHERS, owned


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.8-b", "8.1.4.1-c"),
    scope="host",
    probes=("files",),
    title_zh="SSH 主机私钥仅 root 可读",
    title_en="Only root reads the keys by which the host proves itself",
    rationale="Who has the key can stand in for the host.",
    remediation="chown root:root FILE; chmod 0600 FILE",
    references=("sshd(8) FILES",),
)
def files_host_keys(host: Host) -> Iterator[Finding]:
    found = host.facts("files").items("host_keys")
    if not found:
        raise Unevaluated("no key of the host lies in /etc/ssh, although SSH has answered")
    for facts in found:
        yield from owned(facts.text("path"), facts, OTHERS | 0o030, ("root", "ssh_keys"))
