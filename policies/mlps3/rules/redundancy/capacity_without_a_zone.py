"""What is wished for still fits when a zone is lost."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Severity, rule
from yiyun.site import Site

USABLE = 0.9
"""Share of a host that is left for machines, databases and applications; the rest is the platform's own."""


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.9-c",),
    scope="site",
    title_zh="失去一个可用区后容量仍足够",
    title_en="What is wished for still fits when a zone is lost",
    rationale="A standby without a place to run is none.",
    remediation="add worker hosts, or make machines, databases and applications smaller",
)
def capacity_without_a_zone(site: Site) -> Iterator[Finding]:
    workers = site.hosts_in(role="worker")
    spec = site.spec
    running = [vm for vm in spec.compute.vms if vm.running]
    wanted = {
        "processors": sum(vm.cpus for vm in running)
        + sum(database.cpus * len(database.replicas) for database in spec.databases)
        + sum(each.cpu_millicores * each.replicas for each in spec.compute.applications) / 1000,
        "GiB of memory": sum(vm.memory_gib for vm in running)
        + sum(database.memory_gib * len(database.replicas) for database in spec.databases)
        + sum(each.memory_mib * each.replicas for each in spec.compute.applications) / 1024,
    }
    for what, field in (("processors", "cpus"), ("GiB of memory", "memory_gib")):
        of_zone = {zone: sum(getattr(host, field) for host in workers if host.zone == zone) for zone in site.zones}
        left = sum(of_zone.values()) - max(of_zone.values())
        if wanted[what] > left * USABLE:
            text = f"{wanted[what]:.0f} {what} are wished for; without the largest zone {left * USABLE:.0f} are left"
            yield Finding(text, "compute", round(wanted[what]))
