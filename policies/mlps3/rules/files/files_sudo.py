"""Only root changes who may do what."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule
from yiyun.compliance.host_files import existing, owned

PATHS = ("/etc/sudoers", "/etc/sudoers.d")
GROUPS = ("root",)


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.2-e", "8.1.4.2-f"),
    scope="host",
    probes=("files",),
    title_zh="sudo 授权文件仅 root 可改",
    title_en="Only root changes who may do what",
    rationale="Who writes here makes himself root.",
    remediation="chown root FILE; chmod MODE FILE (mode without the bits named)",
    references=("sudoers(5)",),
)
def files_sudo(host: Host) -> Iterator[Finding]:
    found = False
    for path, facts in existing(host, PATHS):
        found = True
        yield from owned(path, facts, 0o022, GROUPS)
    if not found:
        raise NotApplicable("the host has none of these files")
