"""Machines behind a load balancer stand in several zones."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Severity, rule
from yiyun.site import Site


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.2.1-e", "8.1.4.9-c"),
    scope="site",
    title_zh="负载均衡后端跨可用区",
    title_en="Machines behind a load balancer stand in several zones",
    rationale="A load balancer over machines of one zone balances nothing when that zone is gone.",
    remediation="add a vm in another zone to vms of the load balancer in site.yaml",
)
def machines_of_a_load_balancer(site: Site) -> Iterator[Finding]:
    for index, balancer in enumerate(site.spec.load_balancers.l4):
        zones = {site.subnet(site.vm(name).subnet).zone for name in balancer.vms}
        if len(zones) < 2:
            text = f"all machines behind {balancer.name} are in {', '.join(zones)}"
            yield Finding(text, f"load_balancers.l4[{index}].vms", ", ".join(balancer.vms))
