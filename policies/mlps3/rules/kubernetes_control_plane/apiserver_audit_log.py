"""The API server writes an audit log."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.control_plane import component

SINKS = {"audit-log-path", "audit-webhook-config-file"}


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.3-a", "8.2.5.1-c"),
    scope="host",
    probes=("control_plane",),
    title_zh="API Server 已启用审计日志",
    title_en="The API server writes an audit log",
    rationale="Without it nobody can tell who changed the cloud, or when.",
    remediation="./yiyun hosts converge --role kubernetes_control_plane",
    references=("Kubernetes: Auditing",),
)
def apiserver_audit_log(host: Host) -> Iterator[Finding]:
    audit = component(host, "apiserver").facts("audit")
    if not {*audit.texts("sinks")} & SINKS:
        yield Finding("it writes no audit log", audit.at("sinks"))
    if not audit.there("rules"):
        yield Finding("it has no audit policy, without which nothing is recorded", audit.at("rules"))
    elif not audit.items("rules"):
        yield Finding("its audit policy has no rule", audit.at("rules"))
