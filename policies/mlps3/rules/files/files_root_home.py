"""Root's home is root's."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule
from yiyun.compliance.host_files import existing, owned

PATHS = ("/root", "/root/.ssh")
GROUPS = ("root",)


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-f",),
    scope="host",
    probes=("files",),
    title_zh="root 主目录仅 root 可用",
    title_en="Root's home is root's",
    rationale="Keys and histories of administration lie there.",
    remediation="chown root FILE; chmod MODE FILE (mode without the bits named)",
)
def files_root_home(host: Host) -> Iterator[Finding]:
    found = False
    for path, facts in existing(host, PATHS):
        found = True
        yield from owned(path, facts, 0o027, GROUPS)
    if not found:
        raise NotApplicable("the host has none of these files")
