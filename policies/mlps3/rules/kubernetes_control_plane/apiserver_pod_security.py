"""Namespaces without a label hold pods back, too."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, Unevaluated, rule, shown
from yiyun.compliance.control_plane import component

ALLOWED = {"kube-system"}
"""Its own pods make the network and the disks of a host."""


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.2-d", "8.1.4.2-e"),
    scope="host",
    probes=("control_plane",),
    title_zh="未标注的命名空间默认受 Pod 安全约束",
    title_en="Namespaces without a label hold pods back, too",
    rationale="A namespace that nobody has labelled would run pods that own their host.",
    remediation="./yiyun hosts converge --role kubernetes_control_plane",
    references=("Kubernetes: Enforce Pod Security Standards by Configuring the Built-in Admission Controller",),
)
def apiserver_pod_security(host: Host) -> Iterator[Finding]:
    settings = component(host, "apiserver").facts("pod_security")
    defaults = settings.maybe_facts("defaults")
    if defaults is None:
        yield Finding("pods of a namespace without a label may do everything", settings.at("defaults"))
        return
    if settings.flag("stale"):
        raise Unevaluated("the admission settings have changed since the API server was started")
    enforced = defaults.text("enforce")
    if enforced not in ("baseline", "restricted"):
        yield Finding(f"a namespace without a label is {shown(enforced)}", defaults.at("enforce"), enforced)
    for kind, allowed in (("namespaces", ALLOWED), ("users", set()), ("runtime_classes", set())):
        more = sorted({*defaults.texts(kind)} - allowed)
        if more:
            yield Finding(f"{kind} that are left alone: {shown(', '.join(more))}", defaults.at(kind), ",".join(more))
