"""Only root changes the kubelet's settings."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule
from yiyun.compliance.host_files import existing, owned

PATHS = ("/var/lib/kubelet/config.yaml", "/var/lib/kubelet/pki/kubelet-client-current.pem")
GROUPS = ("root",)


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.2-e", "8.1.4.2-f"),
    scope="host",
    probes=("files",),
    title_zh="kubelet 配置与凭据仅 root 可改",
    title_en="Only root changes the kubelet's settings",
    rationale="Who writes here is root on the host.",
    remediation="chown root FILE; chmod MODE FILE (mode without the bits named)",
    references=("Kubernetes: kubelet",),
)
def kubelet_files(host: Host) -> Iterator[Finding]:
    found = False
    for path, facts in existing(host, PATHS):
        found = True
        yield from owned(path, facts, 0o022, GROUPS)
    if not found:
        raise NotApplicable("the host has none of these files")
