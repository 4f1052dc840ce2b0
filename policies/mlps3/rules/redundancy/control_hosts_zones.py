"""The control plane outlives a zone."""

from collections import Counter
from collections.abc import Iterator

from yiyun.compliance import Finding, Severity, Unevaluated, rule
from yiyun.site import Site


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.2.1-e", "8.1.4.9-c"),
    scope="site",
    title_zh="控制面跨可用区部署",
    title_en="The control plane outlives a zone",
    rationale="Without a majority of etcd nothing can be changed or healed, just when it must.",
    remediation="spread an odd number of control (and etcd) hosts so that no zone has half of them",
)
def control_hosts_zones(site: Site) -> Iterator[Finding]:
    for role in ("control", "etcd"):
        zones = Counter(host.zone for host in site.hosts_in(role=role))
        total = sum(zones.values())
        if not total:
            raise Unevaluated(f"hosts.yaml: no host has the role {role}")
        zone, most = zones.most_common(1)[0]
        left = total - most
        if role == "etcd" and left <= total // 2:
            yield Finding(f"without {zone} {left} of {total} members of etcd are left, no majority", "", left)
        elif not left:
            yield Finding(f"all {role} hosts are in {zone}", "", zone)
