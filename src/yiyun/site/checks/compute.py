"""VMs, their images and disks, and applications."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from yiyun.site.checks.cpu_families import families_there, has_arch
from yiyun.site.checks.places import Places, Problem

if TYPE_CHECKING:
    from yiyun.site.loader import Site


def images_fit_the_cpu_family(site: "Site", at: Places) -> Iterator[Problem]:
    """A VM's image is built for the architecture of its CPU family."""
    for i, vm in enumerate(site.spec.compute.vms):
        if not has_arch(site, vm.cpu_family):
            where = at.site("compute", "vms", i, "cpu_family")
            yield Problem(where, f"VM {vm.name}: no host is of family {vm.cpu_family}; {families_there(site)}")
            continue
        arch, image = site.arch_of(vm.cpu_family), site.image(vm.image)
        if image.arch != arch:
            fitting = ", ".join(other.name for other in site.spec.compute.images if other.arch == arch) or "none yet"
            text = f"VM {vm.name}: image {image.name} is {image.arch}, family {vm.cpu_family} is {arch}"
            yield Problem(at.site("compute", "vms", i, "image"), f"{text}; {arch} images: {fitting}")


def vms_find_a_host(site: "Site", at: Places) -> Iterator[Problem]:
    """The zone of a VM's subnet has a worker of its family that is large enough."""
    for i, vm in enumerate(site.spec.compute.vms):
        zone = site.subnet(vm.subnet).zone
        hosts = site.hosts_in(zone=zone, role="worker", cpu_family=vm.cpu_family)
        where = at.site("compute", "vms", i, "cpu_family")
        if not hosts:
            text = f"VM {vm.name}: zone {zone} of subnet {vm.subnet} has no {vm.cpu_family} worker"
            yield Problem(where, f"{text}; {families_there(site, zone)}")
        elif not any(vm.cpus <= host.cpus and vm.memory_gib <= host.memory_gib for host in hosts):
            text = f"VM {vm.name}: {vm.cpus} CPUs, {vm.memory_gib} GiB: no {vm.cpu_family} worker of {zone} has that"
            yield Problem(at.site("compute", "vms", i, "cpus"), f"{text}; write less")


def disk_names_are_unique(site: "Site", at: Places) -> Iterator[Problem]:
    """No two disks of a tenant would have one name: those of a VM are called `VM-system` and `VM-DISK`."""
    named = [
        (at.site("compute", "shared_disks", i, "name"), disk.tenant, disk.name, f"shared disk {disk.name}")
        for i, disk in enumerate(site.spec.compute.shared_disks)
    ]
    for i, vm in enumerate(site.spec.compute.vms):
        tenant = site.vpc_of_subnet(vm.subnet).tenant
        named.append(
            (at.site("compute", "vms", i, "name"), tenant, f"{vm.name}-system", f"system disk of VM {vm.name}")
        )
        for j, data_disk in enumerate(vm.data_disks):
            where, what = (
                at.site("compute", "vms", i, "data_disks", j, "name"),
                f"disk {data_disk.name} of VM {vm.name}",
            )
            named.append((where, tenant, f"{vm.name}-{data_disk.name}", what))
            if data_disk.name == "cloud-init":
                yield Problem(where, f"{what}: the name is taken; choose another")
    owners: dict[tuple[str, str], str] = {}
    for where, tenant, name, what in named:
        owner = owners.setdefault((tenant, name), what)
        if owner != what:
            yield Problem(where, f"{what} and {owner} would both be called {name}; name one otherwise")


def shared_disks_stay_with_their_tenant(site: "Site", at: Places) -> Iterator[Problem]:
    """A VM attaches shared disks of its own tenant, each once."""
    tenant_of = {disk.name: disk.tenant for disk in site.spec.compute.shared_disks}
    for i, vm in enumerate(site.spec.compute.vms):
        tenant = site.vpc_of_subnet(vm.subnet).tenant
        for j, name in enumerate(vm.shared_disks):
            where = at.site("compute", "vms", i, "shared_disks", j)
            if tenant_of[name] != tenant:
                yield Problem(where, f"VM {vm.name} of {tenant} attaches shared disk {name} of {tenant_of[name]}")
            if name in vm.shared_disks[:j] or any(disk.name == name for disk in vm.data_disks):
                yield Problem(where, f"VM {vm.name} has two disks {name}; keep one")


def applications_find_hosts(site: "Site", at: Places) -> Iterator[Problem]:
    """Each zone of an application has a worker of its architecture."""
    for i, application in enumerate(site.spec.compute.applications):
        arch = None if application.arch == "any" else application.arch
        for j, zone in enumerate(application.zones):
            where = at.site("compute", "applications", i, "zones", j)
            if zone in application.zones[:j]:
                yield Problem(where, f"application {application.name}: zone {zone} is named twice; keep one")
            if not site.hosts_in(zone=zone, role="worker", arch=arch):
                text = f"application {application.name}: zone {zone} has no {arch or ''} worker".replace("  ", " ")
                yield Problem(where, f"{text}; remove the zone or add a host")
