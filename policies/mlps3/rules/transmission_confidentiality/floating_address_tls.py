"""What listens behind a floating address speaks TLS."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Severity, rule
from yiyun.site import Site


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.2.2-b", "8.1.4.8-a", "8.1.2.2-a"),
    scope="site",
    title_zh="浮动地址后的服务须使用TLS",
    title_en="What listens behind a floating address speaks TLS",
    rationale=(
        "A floating address is open to the external network; what crosses it in plain text can be read and changed."
    ),
    remediation="Make the target speak TLS and set tls: true, or publish it through a load balancer with TLS.",
)
def floating_address_tls(site: Site) -> Iterator[Finding]:
    for at, vpc in enumerate(site.spec.network.vpcs):
        for index, floating in enumerate(vpc.floating_addresses):
            if not floating.tls:
                text = f"{floating.name} of VPC {vpc.name} publishes {floating.protocol}/{floating.port} without TLS"
                yield Finding(text, f"network.vpcs[{at}].floating_addresses[{index}].tls", False)
