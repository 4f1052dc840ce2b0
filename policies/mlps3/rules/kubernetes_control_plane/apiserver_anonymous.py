"""The API server tells the unknown no more than whether it is well."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.control_plane import component

HEALTH = {"/livez", "/readyz", "/healthz"}


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.1-a", "8.1.4.2-a", "8.2.4.1-a"),
    scope="host",
    probes=("control_plane",),
    title_zh="API Server 匿名访问仅限健康检查",
    title_en="The API server tells the unknown no more than whether it is well",
    rationale="Who does not say who he is must learn nothing of the cluster; load balancers only need its health.",
    remediation="authentication-config with anonymous.conditions for /livez, /readyz and /healthz, or --anonymous-auth=false",
    references=("Kubernetes: kube-apiserver --anonymous-auth", "Kubernetes: Authenticating"),
)
def apiserver_anonymous(host: Host) -> Iterator[Finding]:
    server = component(host, "apiserver")
    if not server.flag("anonymous"):
        return
    if not server.flag("anonymous_limited"):
        yield Finding("anonymous requests may ask for every path", server.at("anonymous_limited"))
    more = sorted({*server.texts("anonymous_paths")} - HEALTH)
    if more:
        yield Finding(f"anonymous requests may ask for {shown(', '.join(more))}", server.at("anonymous_paths"))
