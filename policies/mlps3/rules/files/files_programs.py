"""Only root puts programs where everybody finds them."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule
from yiyun.compliance.host_files import existing, owned

PATHS = ("/usr/bin", "/usr/sbin", "/usr/lib", "/usr/local/bin", "/usr/local/sbin", "/etc")
GROUPS = ("root", "staff")


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.2-f", "8.1.4.5-a"),
    scope="host",
    probes=("files",),
    title_zh="系统程序目录仅 root 可写",
    title_en="Only root puts programs where everybody finds them",
    rationale="A program in front of ls is run by root tomorrow.",
    remediation="chown root FILE; chmod MODE FILE (mode without the bits named)",
)
def files_programs(host: Host) -> Iterator[Finding]:
    found = False
    for path, facts in existing(host, PATHS):
        found = True
        yield from owned(path, facts, 0o022, GROUPS)
    if not found:
        raise NotApplicable("the host has none of these files")
