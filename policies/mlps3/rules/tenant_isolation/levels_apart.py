"""VPCs of different levels meet at rules only."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Severity, rule
from yiyun.site import Site


@rule(
    severity=Severity.HIGH,
    clauses=("8.2.3.1-b",),
    scope="site",
    title_zh="不同等级网络间须有访问控制规则",
    title_en="VPCs of different levels meet at rules only",
    rationale="A system of a lower level is watched less; who takes it must not be through to the higher one.",
    remediation="give every vm of both VPCs a security group, and its rules for the other VPC a protocol and ports",
)
def levels_apart(site: Site) -> Iterator[Finding]:
    network = site.spec.network
    levels = {vpc.name: site.tenant(vpc.tenant).mlps_level for vpc in network.vpcs}
    for at, vpc in enumerate(network.vpcs):
        others = [
            o
            for o in network.vpcs
            if (o.name in vpc.peers or vpc.name in o.peers) and levels[o.name] != levels[vpc.name]
        ]
        if not others:
            continue
        for place, vm in enumerate(site.spec.compute.vms):
            if not vm.security_groups and vm.subnet in {subnet.name for subnet in vpc.subnets}:
                text = (
                    f"{vm.name} of {vpc.name} (level {levels[vpc.name]}) has no security group towards {others[0].name}"
                )
                yield Finding(text, f"compute.vms[{place}].security_groups")
        for index, group in enumerate(vpc.security_groups):
            for rule_at, allowed in enumerate(group.ingress):
                open_to = [o for o in others if allowed.cidr is not None and allowed.cidr.overlaps(o.cidr)]
                if open_to and (allowed.protocol == "all" or (allowed.protocol != "icmp" and allowed.ports is None)):
                    text = (
                        f"{group.name} of {vpc.name} (level {levels[vpc.name]}) lets everything of {open_to[0].name} in"
                    )
                    path = f"network.vpcs[{at}].security_groups[{index}].ingress[{rule_at}]"
                    yield Finding(text, path, allowed.protocol)
