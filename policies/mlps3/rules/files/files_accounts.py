"""Only root changes the list of accounts."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule
from yiyun.compliance.host_files import existing, owned

PATHS = ("/etc/passwd", "/etc/passwd-", "/etc/group", "/etc/group-")
GROUPS = ("root",)


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.2-f", "8.1.4.2-e"),
    scope="host",
    probes=("files",),
    title_zh="账户文件仅 root 可改",
    title_en="Only root changes the list of accounts",
    rationale="Who writes here makes himself root.",
    remediation="chown root FILE; chmod MODE FILE (mode without the bits named)",
    references=("passwd(5)", "group(5)"),
)
def files_accounts(host: Host) -> Iterator[Finding]:
    found = False
    for path, facts in existing(host, PATHS):
        found = True
        yield from owned(path, facts, 0o022, GROUPS)
    if not found:
        raise NotApplicable("the host has none of these files")
