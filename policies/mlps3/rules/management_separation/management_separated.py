"""Management traffic has networks of its own."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Severity, rule
from yiyun.site import Site


@rule(
    severity=Severity.HIGH,
    clauses=("8.2.5.1-b", "8.1.5.4-b", "8.1.5.4-a"),
    scope="site",
    title_zh="管理流量与业务流量分离",
    title_en="Management traffic has networks of its own",
    rationale="Who shares a network with management can reach, overload or imitate it.",
    remediation=(
        "Give network.management and network.storage ranges that no tenant, pod, service or outside network uses."
    ),
)
def management_separated(site: Site) -> Iterator[Finding]:
    network = site.spec.network
    business = [("network.pods", network.pods), ("network.services", network.services)]
    business.append(("network.external.cidr", network.external.cidr))
    business += [(f"VPC {vpc.name}", vpc.cidr) for vpc in network.vpcs]
    for name, own in (("network.management", network.management), ("network.storage", network.storage)):
        for other, used in business:
            if own.overlaps(used):
                yield Finding(f"{name} {own} overlaps {other} {used}", name, str(own))
    if network.management.overlaps(network.storage):
        text = f"network.management {network.management} overlaps network.storage {network.storage}"
        yield Finding(text, "network.storage", str(network.storage))
