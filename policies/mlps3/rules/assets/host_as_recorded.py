"""The host is the machine that hosts.yaml describes."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, Unevaluated, rule, shown
from yiyun.site import Site

KEPT_BACK = 0.9
"""Share of the memory that is left when firmware and kernel have taken theirs."""


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.10.8-a", "8.1.10.2-a"),
    scope="host",
    probes=("machine",),
    needs=("block_devices",),
    needs_site=True,
    title_zh="主机配置与登记信息一致",
    title_en="The host is the machine that hosts.yaml describes",
    rationale="A record that is not true sends the wrong part, the wrong update and the wrong replacement.",
    remediation="correct the variables of the host in hosts.yaml and group_vars, or the machine",
)
def host_as_recorded(host: Host, site: Site) -> Iterator[Finding]:
    machine = host.facts("machine")
    listed = next((each for each in site.hosts if each.name == host.name), None)
    if listed is None:
        raise Unevaluated("hosts.yaml does not list this host")
    for key, wanted in (("arch", listed.arch), ("system", listed.os_profile)):
        found = machine.text(key)
        if found != wanted:
            yield Finding(f"{key} is {shown(found)}; hosts.yaml says {wanted}", machine.at(key), found)
    kernel = machine.text("kernel")
    if kernel != listed.kernel and not kernel.startswith((f"{listed.kernel}.", f"{listed.kernel}-")):
        yield Finding(f"kernel is {shown(kernel)}; hosts.yaml says {listed.kernel}", machine.at("kernel"), kernel)
    cpus = machine.number("cpus")
    if cpus != listed.cpus:
        yield Finding(f"has {cpus} processors; hosts.yaml says {listed.cpus}", machine.at("cpus"), cpus)
    gib = machine.number("memory_kib") / 2**20
    if not listed.memory_gib * KEPT_BACK <= gib <= listed.memory_gib:
        yield Finding(
            f"has {gib:.0f} GiB of memory; hosts.yaml says {listed.memory_gib}", machine.at("memory_kib"), round(gib)
        )
    missing = sorted({disk.id for disk in listed.disks} - {*machine.texts("disks")})
    if missing:
        yield Finding(f"lacks {', '.join(missing)}", machine.at("disks"), ", ".join(missing))
