"""Only root changes how people log in."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule
from yiyun.compliance.host_files import existing, owned

PATHS = ("/etc/pam.d", "/etc/security", "/etc/ssh", "/etc/ssh/sshd_config")
GROUPS = ("root",)


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.2-e", "8.1.4.2-f"),
    scope="host",
    probes=("files",),
    title_zh="登录与鉴别配置仅 root 可改",
    title_en="Only root changes how people log in",
    rationale="One line here opens every account.",
    remediation="chown root FILE; chmod MODE FILE (mode without the bits named)",
    references=("pam.conf(5)", "sshd_config(5)"),
)
def files_login_settings(host: Host) -> Iterator[Finding]:
    found = False
    for path, facts in existing(host, PATHS):
        found = True
        yield from owned(path, facts, 0o022, GROUPS)
    if not found:
        raise NotApplicable("the host has none of these files")
