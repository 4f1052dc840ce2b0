"""Gateways stand in several zones."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Severity, rule
from yiyun.site import Site


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.2.1-e",),
    scope="site",
    title_zh="网关主机跨可用区部署",
    title_en="Gateways stand in several zones",
    rationale="The gateways are the way in and out; with all of them in one zone the others are cut off with it.",
    remediation="put hosts of two zones or more into the group gateway in hosts.yaml",
)
def gateway_hosts_zones(site: Site) -> Iterator[Finding]:
    zones = {host.zone for host in site.hosts_in(role="gateway")}
    if len(zones) < 2:
        yield Finding(
            f"all gateway hosts are in {', '.join(zones)}" if zones else "no host is a gateway", "", len(zones)
        )
    for index, vpc in enumerate(site.spec.network.vpcs):
        reach = {host.zone for host in site.gateway_hosts(vpc)}
        if vpc.egress and len(reach) < 2 <= len({subnet.zone for subnet in vpc.subnets}):
            text = f"the way out of {vpc.name} can run in {', '.join(reach) or 'no zone'} only"
            yield Finding(text, f"network.vpcs[{index}].egress", len(reach))
