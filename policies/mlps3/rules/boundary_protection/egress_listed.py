"""Every way out of a VPC is consented to in site.yaml."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule
from yiyun.site import Site


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.10.6-j", "8.1.3.1-c"),
    kinds=("kubeovn.io/VpcEgressGateway", "kubeovn.io/VpcNatGateway"),
    needs_site=True,
    title_zh="VPC出口均经site.yaml批准",
    title_en="Every way out of a VPC is consented to in site.yaml",
    rationale="A gateway that nobody has written down is a link to the outside that nobody has agreed to.",
    remediation="add egress to the VPC in site.yaml, or delete the gateway",
)
def egress_listed(obj: Object, site: Site) -> Iterator[Finding]:
    name = obj.spec.text("vpc")
    vpc = next((each for each in site.spec.network.vpcs if each.name == name), None)
    if vpc is None or (obj.resource.kind == "VpcEgressGateway" and vpc.egress is None):
        yield Finding(
            f"site.yaml gives the VPC {name or 'of the cluster itself'} no way out", obj.spec.at("vpc"), name or None
        )
    elif obj.resource.kind == "VpcNatGateway" and not vpc.floating_addresses:
        yield Finding(f"site.yaml gives the VPC {name} no address outside", obj.spec.at("vpc"), name)
