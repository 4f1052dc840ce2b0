"""Every address to the outside is consented to in site.yaml."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, Unevaluated, rule
from yiyun.site import Site


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.10.6-j",),
    kinds=("kubeovn.io/IptablesEIP", "kubeovn.io/OvnEip"),
    needs_site=True,
    title_zh="对外地址均经site.yaml批准",
    title_en="Every address to the outside is consented to in site.yaml",
    rationale="An address that nobody has written down opens a machine to the outside without consent.",
    remediation="add it to floating_addresses of the VPC in site.yaml, or delete it",
)
def external_address_listed(obj: Object, site: Site) -> Iterator[Finding]:
    address = obj.spec.text("v4ip") or obj.spec.text("v4Ip")
    if not address:
        raise Unevaluated(f"{obj.spec.at('v4ip')}: the address is not known")
    listed = {str(floating.address) for vpc in site.spec.network.vpcs for floating in vpc.floating_addresses}
    if address not in listed:
        yield Finding(f"{address} is no floating address of site.yaml", obj.spec.at("v4ip"), address)
