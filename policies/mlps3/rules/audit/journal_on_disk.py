"""The journal is on disk."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.3-c",),
    scope="host",
    probes=("logs",),
    title_zh="系统日志持久化存储",
    title_en="The journal is on disk",
    rationale="A journal in memory is gone with the reboot that it should explain.",
    remediation="./yiyun hosts converge --role journald",
    references=("journald.conf(5) Storage",),
)
def journal_on_disk(host: Host) -> Iterator[Finding]:
    journal = host.facts("logs").facts("journal")
    if not journal.flag("on_disk"):
        yield Finding("the journal is in memory only", journal.at("on_disk"))
