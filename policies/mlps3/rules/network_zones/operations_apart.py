"""Administrators come from a zone of their own."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Severity, rule
from yiyun.site import Site


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.5.4-a", "8.1.3.1-a"),
    scope="site",
    title_zh="运维管理区独立于业务网络",
    title_en="Administrators come from a zone of their own",
    rationale="Security is run from there; who shares it with tenants or patients has half the way behind him.",
    remediation="give network.operations ranges that no other network of the site uses",
)
def operations_apart(site: Site) -> Iterator[Finding]:
    network = site.spec.network
    others = [(name, getattr(network, name)) for name in ("management", "storage", "pods", "services")]
    others.append(("external", network.external.cidr))
    others += [(f"VPC {vpc.name}", vpc.cidr) for vpc in network.vpcs]
    for index, own in enumerate(network.operations):
        for name, cidr in others:
            if own.overlaps(cidr):
                yield Finding(f"{own} overlaps {name} {cidr}", f"network.operations[{index}]", str(own))
