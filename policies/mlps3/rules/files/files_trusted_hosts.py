"""No file trusts whole hosts."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.1-a",),
    scope="host",
    probes=("files",),
    title_zh="不存在主机信任文件",
    title_en="No file trusts whole hosts",
    rationale="Trust in hosts passes on: who holds one holds all.",
    remediation="rm /etc/hosts.equiv /root/.rhosts",
    references=("hosts.equiv(5)",),
)
def files_trusted_hosts(host: Host) -> Iterator[Finding]:
    every = host.facts("files").facts("paths")
    for path in ("/etc/hosts.equiv", "/root/.rhosts"):
        if every.there(path):
            yield Finding(f"{path} is there", every.at(path), path)
