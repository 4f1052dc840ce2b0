"""Who deletes, starts or stops a virtual machine is recorded."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, Unevaluated, rule
from yiyun.compliance.control_plane import audit_rules, level
from yiyun.site import Site

ACTS = (
    *((verb, "kubevirt.io", "virtualmachines") for verb in ("create", "update", "patch", "delete", "deletecollection")),
    *((verb, "kubevirt.io", "virtualmachineinstances") for verb in ("delete", "deletecollection")),
    *(
        ("update", "subresources.kubevirt.io", f"virtualmachines/{act}")
        for act in ("start", "stop", "restart", "migrate")
    ),
    *(
        ("update", "subresources.kubevirt.io", f"virtualmachineinstances/{act}")
        for act in ("pause", "unpause", "reset")
    ),
    *(("get", "subresources.kubevirt.io", f"virtualmachineinstances/{act}") for act in ("console", "vnc")),
)
"""What has power over a machine: KubeVirt's own kinds, and the parts of them by which virtctl acts."""


@rule(
    severity=Severity.HIGH,
    clauses=("8.2.3.3-a",),
    scope="host",
    probes=("control_plane",),
    needs_site=True,
    title_zh="虚拟机删除、重启等特权操作有审计",
    title_en="Who deletes, starts or stops a virtual machine is recorded",
    rationale="The standard names these two: deletion and restart of machines, by the provider and by the tenant.",
    remediation="./yiyun hosts converge --role kubernetes_control_plane",
    references=("Kubernetes: Auditing",),
)
def apiserver_audit_machines(host: Host, site: Site) -> Iterator[Finding]:
    if not host.facts("control_plane").there("apiserver") and host.name in {
        each.name for each in site.hosts_in(role="control")
    }:
        raise Unevaluated("the API server of this control host does not run, or runs elsewhere")
    rules = audit_rules(host)
    for verb, group, resource in ACTS:
        if level(rules, verb, group, resource) == "None":
            text = f"{verb} of {resource}.{group} is not recorded for everybody"
            yield Finding(text, "control_plane.apiserver.audit.rules", resource)
