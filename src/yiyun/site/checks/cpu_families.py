"""CPU families of hosts, and the architecture that each stands for."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from yiyun.site.checks.places import Places, Problem
from yiyun.site.model import CpuFamily
from yiyun.site.validation import ARCH_OF_FAMILY

if TYPE_CHECKING:
    from yiyun.site.loader import Site


def families_have_one_architecture(site: "Site", at: Places) -> Iterator[Problem]:
    """All hosts of family `other` have one architecture: VMs name the family only."""
    first = next((host for host in site.hosts if host.cpu_family is CpuFamily.OTHER), None)
    for host in site.hosts:
        if first and host.cpu_family is CpuFamily.OTHER and host.arch != first.arch:
            where = at.host(host.name, "yiyun_arch")
            yield Problem(where, f"host {host.name}: family other is {first.arch} on {first.name} and {host.arch} here")


def has_arch(site: "Site", family: CpuFamily) -> bool:
    """Whether the architecture of a CPU family is known: of itself, or by a host of the site."""
    return family in ARCH_OF_FAMILY or bool(site.hosts_in(cpu_family=family))


def families_there(site: "Site", zone: str | None = None, role: str = "worker") -> str:
    """CPU families of the hosts with a role, in one zone or in all: what a refusal offers instead."""
    found = sorted({host.cpu_family.value for host in site.hosts_in(zone=zone, role=role)})
    return f"there: {', '.join(found) or 'none'}"
