"""Every node of the cluster is a host of the site."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, Unevaluated, rule
from yiyun.site import Site


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.3.1-b", "8.1.10.2-a"),
    kinds=("Node",),
    needs_site=True,
    title_zh="集群节点均为已登记主机",
    title_en="Every node of the cluster is a host of the site",
    rationale="A machine that nobody has listed, and that pods run on all the same, is a stranger in the internal network.",
    remediation="kubectl delete node NAME and take the machine off the network, or list it in hosts.yaml",
)
def node_of_site(obj: Object, site: Site) -> Iterator[Finding]:
    address = next((str(host.address) for host in site.hosts if host.name == obj.name), None)
    if address is None:
        yield Finding("is no host of hosts.yaml", "metadata.name", obj.name)
        return
    named = [
        each.text("address") for each in obj.root.map("status").maps("addresses") if each.text("type") == "InternalIP"
    ]
    if not named:
        raise Unevaluated("status.addresses: the node has no address yet")
    for other in named:
        if other != address:
            yield Finding(f"answers at {other}; hosts.yaml says {address}", "status.addresses", other)
