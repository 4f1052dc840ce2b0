"""The audit log of the cluster is kept for six months."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, Unevaluated, rule
from yiyun.compliance.control_plane import component

SIX_MONTHS = 184
"""Days of the longest six months in a row."""


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.3-c",),
    scope="host",
    probes=("control_plane",),
    title_zh="API Server 审计日志留存不少于六个月",
    title_en="The audit log of the cluster is kept for six months",
    rationale="The law wants six months; a log that is deleted by number of files is as long as somebody who writes much likes.",
    remediation="kubernetes_control_plane_audit_days: 190, then ./yiyun hosts converge --role kubernetes_control_plane",
    references=("Kubernetes: Auditing",),
)
def apiserver_audit_kept(host: Host) -> Iterator[Finding]:
    audit = component(host, "apiserver").facts("audit")
    if "audit-log-path" not in audit.texts("sinks"):
        raise Unevaluated("the log goes elsewhere, or nowhere (rule apiserver_audit_log)")
    days, files = audit.number("days"), audit.number("files")
    if days < 0 or 0 < days < SIX_MONTHS:
        yield Finding(f"files are deleted after {days} days; wanted {SIX_MONTHS}", audit.at("days"), days)
    if files != 0:
        yield Finding(f"only {files} files are kept, however young they are", audit.at("files"), files)
