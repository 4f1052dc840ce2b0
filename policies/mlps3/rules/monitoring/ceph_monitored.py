"""The storage clusters are watched."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.5.4-c", "8.2.5.1-d"),
    kinds=("ceph.rook.io/CephCluster",),
    title_zh="存储集群纳入监控",
    title_en="The storage clusters are watched",
    rationale="A cluster that loses disks one by one works until the last copy.",
    remediation="set monitoring.enabled to true",
    references=("Rook: CephCluster CRD, monitoring",),
    admission=Admission(
        "object.?spec.?monitoring.?enabled.orValue(false) && !object.?spec.?monitoring.?metricsDisabled.orValue(false)"
    ),
)
def ceph_monitored(obj: Object) -> Iterator[Finding]:
    monitoring = obj.spec.map("monitoring")
    if not monitoring.flag("enabled") or monitoring.flag("metricsDisabled"):
        yield Finding("offers nothing to monitoring", monitoring.at("enabled"), monitoring.flag("enabled"))
