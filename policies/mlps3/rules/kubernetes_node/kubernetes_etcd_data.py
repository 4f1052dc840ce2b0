"""Only root reads the cluster's data."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule
from yiyun.compliance.host_files import existing, owned


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.8-b", "8.1.4.2-f"),
    scope="host",
    probes=("files",),
    title_zh="etcd 数据目录仅 root 可读",
    title_en="Only root reads the cluster's data",
    rationale="Every secret of the cluster is in there.",
    remediation="chown root:root /var/lib/etcd; chmod 0700 /var/lib/etcd",
    references=("etcd: Configuration options, --data-dir",),
)
def kubernetes_etcd_data(host: Host) -> Iterator[Finding]:
    if host.facts("files").facts("paths").maybe_facts("/etc/kubernetes/manifests/etcd.yaml") is None:
        raise NotApplicable("no etcd of a cluster runs here")
    for path, facts in existing(host, ("/var/lib/etcd",)):
        yield from owned(path, facts, 0o077, ("root", "etcd"))
