"""No administration port is published to the outside."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Severity, rule
from yiyun.compliance.ports import ADMIN
from yiyun.site import Site


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.3.2-a", "8.1.4.4-b", "8.1.10.6-i"),
    scope="site",
    title_zh="管理端口不得对外发布",
    title_en="No administration port is published to the outside",
    rationale="Administration comes over the bastion; a port of it that the outside reaches is tried within the hour.",
    remediation="take the floating address or the stream out of site.yaml",
)
def published_admin_ports(site: Site) -> Iterator[Finding]:
    for at, vpc in enumerate(site.spec.network.vpcs):
        for index, each in enumerate(vpc.floating_addresses):
            for port in sorted({each.port, each.target_port} & ADMIN.keys()):
                path = f"network.vpcs[{at}].floating_addresses[{index}]"
                yield Finding(f"{each.name} publishes {ADMIN[port]} ({port})", path, port)
    for at, balancer in enumerate(site.spec.load_balancers.l7):
        for index, stream in enumerate(balancer.streams):
            if stream.port in ADMIN:
                path = f"load_balancers.l7[{at}].streams[{index}].port"
                yield Finding(
                    f"{stream.name} of {balancer.name} publishes {ADMIN[stream.port]} ({stream.port})",
                    path,
                    stream.port,
                )
