"""Only root reads password hashes."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule
from yiyun.compliance.host_files import existing, owned

PATHS = ("/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-")
GROUPS = ("root", "shadow")


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.8-b", "8.1.4.2-f"),
    scope="host",
    probes=("files",),
    title_zh="口令散列文件仅 root 可读",
    title_en="Only root reads password hashes",
    rationale="Hashes are guessed at home, as fast as the guesser likes.",
    remediation="chown root FILE; chmod MODE FILE (mode without the bits named)",
    references=("shadow(5)", "gshadow(5)"),
)
def files_passwords(host: Host) -> Iterator[Finding]:
    found = False
    for path, facts in existing(host, PATHS):
        found = True
        yield from owned(path, facts, 0o037, GROUPS)
    if not found:
        raise NotApplicable("the host has none of these files")
