"""The dashboard of Ceph is off, or speaks TLS."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.5.4-b", "8.1.4.1-c"),
    kinds=("ceph.rook.io/CephCluster",),
    title_zh="Ceph管理界面须使用TLS",
    title_en="The dashboard of Ceph is off, or speaks TLS",
    rationale="Administrators log in there; a password that travels in plain text is everybody's.",
    remediation="Set dashboard.ssl to true, or dashboard.enabled to false.",
    references=("Rook: CephCluster CRD, dashboard",),
    admission=Admission(
        "!object.?spec.?dashboard.?enabled.orValue(false) || object.?spec.?dashboard.?ssl.orValue(false)"
    ),
)
def ceph_dashboard_tls(obj: Object) -> Iterator[Finding]:
    dashboard = obj.spec.map("dashboard")
    if dashboard.flag("enabled") and not dashboard.flag("ssl"):
        yield Finding("the dashboard listens without TLS", dashboard.at("ssl"), dashboard.flag("ssl"))
