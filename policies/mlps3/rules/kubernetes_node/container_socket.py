"""Only root speaks to the container runtime."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule
from yiyun.compliance.host_files import existing, owned

PATHS = ("/run/containerd/containerd.sock", "/run/docker.sock")
GROUPS = ("root",)


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.2-d", "8.1.4.2-f"),
    scope="host",
    probes=("files",),
    title_zh="容器运行时套接字仅 root 可用",
    title_en="Only root speaks to the container runtime",
    rationale="Who speaks to it is root on the host.",
    remediation="chown root FILE; chmod MODE FILE (mode without the bits named)",
)
def container_socket(host: Host) -> Iterator[Finding]:
    found = False
    for path, facts in existing(host, PATHS):
        found = True
        yield from owned(path, facts, 0o007, GROUPS)
    if not found:
        raise NotApplicable("the host has none of these files")
