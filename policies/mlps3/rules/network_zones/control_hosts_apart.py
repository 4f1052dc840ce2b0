"""Hosts of the control plane carry no business."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Severity, rule
from yiyun.site import Site

BUSINESS = {"database", "gateway", "worker"}


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.5.4-a", "8.1.2.1-d"),
    scope="site",
    title_zh="控制面主机不承载业务",
    title_en="Hosts of the control plane carry no business",
    rationale="A pod that breaks out of its container on such a host has the whole cloud.",
    remediation="take the hosts out of the groups worker, database and gateway in hosts.yaml",
)
def control_hosts_apart(site: Site) -> Iterator[Finding]:
    for host in site.hosts_in(role="control"):
        shared = sorted(host.roles & BUSINESS)
        if shared:
            yield Finding(f"{host.name} is {', '.join(shared)}, too", "", ", ".join(shared))
