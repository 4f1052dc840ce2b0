"""Only root changes what starts with the host."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule
from yiyun.compliance.host_files import existing, owned

PATHS = ("/etc/systemd/system",)
GROUPS = ("root",)


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.2-e", "8.1.4.2-f"),
    scope="host",
    probes=("files",),
    title_zh="系统服务定义仅 root 可改",
    title_en="Only root changes what starts with the host",
    rationale="What stands here runs as root.",
    remediation="chown root FILE; chmod MODE FILE (mode without the bits named)",
    references=("systemd.unit(5)",),
)
def files_units(host: Host) -> Iterator[Finding]:
    found = False
    for path, facts in existing(host, PATHS):
        found = True
        yield from owned(path, facts, 0o022, GROUPS)
    if not found:
        raise NotApplicable("the host has none of these files")
