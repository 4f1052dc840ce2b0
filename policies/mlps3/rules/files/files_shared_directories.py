"""In shared directories, everybody deletes only what is his."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.host_files import OTHERS_WRITE, STICKY, existing


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-f",),
    scope="host",
    probes=("files",),
    title_zh="共享目录设置粘滞位",
    title_en="In shared directories, everybody deletes only what is his",
    rationale="Without the bit, anybody can put his file in the place of another's.",
    remediation="chmod 1777 /tmp /var/tmp",
    references=("inode(7)",),
)
def files_shared_directories(host: Host) -> Iterator[Finding]:
    for path, facts in existing(host, ("/tmp", "/var/tmp")):
        mode, owner = facts.number("mode"), facts.text("owner")
        if owner != "root":
            yield Finding(f"{path} belongs to {shown(owner)}", facts.at("owner"), owner)
        if mode & OTHERS_WRITE and not mode & STICKY:
            yield Finding(f"{path} has mode {mode:04o}, without the sticky bit", facts.at("mode"), f"{mode:04o}")
