"""Every zone of the network has addresses of its own."""

import itertools
from collections.abc import Iterator

from yiyun.compliance import Finding, Severity, rule
from yiyun.site import Site


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.2.1-c",),
    scope="site",
    title_zh="各网络区域地址段独立且互不重叠",
    title_en="Every zone of the network has addresses of its own",
    rationale="A rule that names a zone by its addresses means another one, too, where they overlap.",
    remediation="give each of the networks named a range of its own in site.yaml",
)
def network_address_plan(site: Site) -> Iterator[Finding]:
    network = site.spec.network
    zones = [
        (f"network.{name}", name, getattr(network, name)) for name in ("management", "storage", "pods", "services")
    ]
    zones.append(("network.external.cidr", "external", network.external.cidr))
    if network.private_line:
        zones += [
            ("network.private_line.idc_cidrs", "the old data centre", cidr) for cidr in network.private_line.idc_cidrs
        ]
        zones += [
            (f"network.private_line.handoffs[{index}].cidr", f"the private line of {handoff.zone}", handoff.cidr)
            for index, handoff in enumerate(network.private_line.handoffs)
        ]
    zones += [(f"network.vpcs[{index}].cidr", f"VPC {vpc.name}", vpc.cidr) for index, vpc in enumerate(network.vpcs)]
    for (_, name, cidr), (path, other, taken) in itertools.combinations(zones, 2):
        if cidr.overlaps(taken):
            yield Finding(f"{other} {taken} overlaps {name} {cidr}", path, str(taken))
    for index, vpc in enumerate(network.vpcs):
        for place, subnet in enumerate(vpc.subnets):
            path = f"network.vpcs[{index}].subnets[{place}].cidr"
            if not subnet.cidr.subnet_of(vpc.cidr):
                yield Finding(
                    f"{subnet.name} {subnet.cidr} lies outside of {vpc.name} {vpc.cidr}", path, str(subnet.cidr)
                )
            for other in vpc.subnets[:place]:
                if other.cidr.overlaps(subnet.cidr):
                    yield Finding(
                        f"{subnet.name} {subnet.cidr} overlaps {other.name} {other.cidr}", path, str(subnet.cidr)
                    )
