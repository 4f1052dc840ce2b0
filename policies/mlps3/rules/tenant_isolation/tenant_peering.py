"""A peering between tenants has the consent of both."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Severity, rule
from yiyun.site import Site


@rule(
    severity=Severity.HIGH,
    clauses=("8.2.2.1-b",),
    scope="site",
    title_zh="租户间VPC对等须双方同意",
    title_en="A peering between tenants has the consent of both",
    rationale=(
        "Networks of different tenants are isolated from each other; a way between them needs the consent of both "
        "owners."
    ),
    remediation=(
        "Name the peering in the peers of both VPCs, remove it, or have it waived by the owner of the other VPC."
    ),
)
def tenant_peering(site: Site) -> Iterator[Finding]:
    vpcs = {vpc.name: vpc for vpc in site.spec.network.vpcs}
    for index, vpc in enumerate(site.spec.network.vpcs):
        for name in vpc.peers:
            other = vpcs.get(name)
            if other is not None and other.tenant != vpc.tenant and vpc.name not in other.peers:
                text = f"{vpc.name} of {vpc.tenant} peers with {name} of {other.tenant}, which does not name it"
                yield Finding(text, f"network.vpcs[{index}].peers", name)
