"""Only root reads earlier passwords."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule
from yiyun.compliance.host_files import existing, owned

PATHS = ("/etc/security/opasswd",)
GROUPS = ("root",)


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.8-b",),
    scope="host",
    probes=("files",),
    title_zh="历史口令文件仅 root 可读",
    title_en="Only root reads earlier passwords",
    rationale="Earlier passwords say what the next one looks like.",
    remediation="chown root FILE; chmod MODE FILE (mode without the bits named)",
    references=("pam_pwhistory(8)",),
)
def files_old_passwords(host: Host) -> Iterator[Finding]:
    found = False
    for path, facts in existing(host, PATHS):
        found = True
        yield from owned(path, facts, 0o077, GROUPS)
    if not found:
        raise NotApplicable("the host has none of these files")
