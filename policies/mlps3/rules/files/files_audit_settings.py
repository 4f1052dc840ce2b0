"""Only root reads and changes what is audited."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule
from yiyun.compliance.host_files import existing, owned

PATHS = ("/etc/audit", "/etc/audit/auditd.conf")
GROUPS = ("root",)


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-e", "8.1.4.3-c"),
    scope="host",
    probes=("files",),
    title_zh="审计配置仅 root 可读写",
    title_en="Only root reads and changes what is audited",
    rationale="Who knows what is not recorded knows where to go.",
    remediation="chown root FILE; chmod MODE FILE (mode without the bits named)",
    references=("auditd.conf(5)", "audit.rules(7)"),
)
def files_audit_settings(host: Host) -> Iterator[Finding]:
    found = False
    for path, facts in existing(host, PATHS):
        found = True
        yield from owned(path, facts, 0o027, GROUPS)
    if not found:
        raise NotApplicable("the host has none of these files")
