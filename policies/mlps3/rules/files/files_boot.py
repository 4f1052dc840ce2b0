"""Only root reads and changes how the host boots."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule
from yiyun.compliance.host_files import existing, owned

PATHS = ("/boot/grub/grub.cfg", "/boot/grub2/grub.cfg")
GROUPS = ("root",)


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-f", "8.1.4.6-a"),
    scope="host",
    probes=("files",),
    title_zh="引导配置仅 root 可读写",
    title_en="Only root reads and changes how the host boots",
    rationale="The file may hold the boot loader's password, and a word in it makes a shell of the next boot.",
    remediation="chown root FILE; chmod MODE FILE (mode without the bits named)",
)
def files_boot(host: Host) -> Iterator[Finding]:
    found = False
    for path, facts in existing(host, PATHS):
        found = True
        yield from owned(path, facts, 0o077, GROUPS)
    if not found:
        raise NotApplicable("the host has none of these files")
