"""Reads a site directory (hosts.yaml and site.yaml) into a `Site`, or refuses it at a file and line."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

from yiyun.errors import SiteError
from yiyun.paths import state_dir
from yiyun.site import checks, document, inventory
from yiyun.site.model import (
    Application,
    Arch,
    CpuFamily,
    Host,
    Image,
    Pool,
    SiteSpec,
    Subnet,
    Tenant,
    Vm,
    Vpc,
)
from yiyun.site.validation import ARCH_OF_FAMILY, host_of, refuse_unknown_variables, spec_of

_Named = TypeVar("_Named", Host, Tenant, Vpc, Subnet, Pool, Image, Vm, Application)


@dataclass(frozen=True)
class Site:
    """A site as it is wished for: its hosts and its cloud, checked and immutable."""

    path: Path
    """Directory of hosts.yaml and site.yaml, absolute."""
    spec: SiteSpec
    hosts: tuple[Host, ...]
    """All hosts by name."""
    home: Path | None = None
    """Directory that the state belongs to where it is not `path`: an earlier copy of a site shares its state."""

    @classmethod
    def load(cls, path: Path | str) -> "Site":
        """Read and check the site in directory `path`.

        Raises SiteError, whose text begins with `file:line`, naming up to 20 problems, one a line.
        """
        directory = Path(path)
        if not directory.is_dir():
            shown = document.shown(directory)
            raise SiteError(f"{shown}:1: is not a directory with hosts.yaml and site.yaml; ./yiyun init DIR makes one")
        listed = inventory.read(directory / "hosts.yaml")
        root = document.read(directory / "site.yaml")
        refuse_unknown_variables(listed)
        hosts = tuple(host_of(listed, listed.hosts[name]) for name in sorted(listed.hosts))
        site = cls(directory.resolve(), spec_of(root), hosts)
        checks.check(site, checks.Places(root, listed))
        return site

    @property
    def name(self) -> str:
        """Name of the site, also of its Pulumi stacks."""
        return self.spec.name

    @property
    def zones(self) -> tuple[str, ...]:
        """Names of the availability zones, in the order of site.yaml."""
        return tuple(zone.name for zone in self.spec.zones)

    @property
    def embedded(self) -> bool:
        """Whether the embedded lab is its control plane, with simulated nodes."""
        return self.spec.lab and self.spec.tier == "control-plane"

    @property
    def on_lab_hosts(self) -> bool:
        """Whether its cluster runs on the hosts of a lab: real nodes, and nothing embedded."""
        return self.spec.lab and self.spec.tier != "control-plane"

    @property
    def state_dir(self) -> Path:
        """Where this site keeps state as seen from this checkout."""
        return state_dir(self.home or self.path, self.name)

    def at(self, directory: Path) -> "Site":
        """Load an earlier copy of this site, which shares its state. Raises SiteError as `load` does."""
        return replace(Site.load(directory), home=self.home or self.path)

    def hosts_in(
        self,
        zone: str | None = None,
        role: str | None = None,
        arch: Arch | None = None,
        cpu_family: CpuFamily | None = None,
    ) -> tuple[Host, ...]:
        """Hosts that match all given properties, by name."""
        return tuple(
            host
            for host in self.hosts
            if zone in (None, host.zone)
            and (role is None or role in host.roles)
            and arch in (None, host.arch)
            and cpu_family in (None, host.cpu_family)
        )

    def host(self, name: str) -> Host:
        """The host of that name; KeyError when there is none."""
        return self._host_index[name]

    def tenant(self, name: str) -> Tenant:
        """The tenant of that name; KeyError when there is none."""
        return self._tenant_index[name]

    def vpc(self, name: str) -> Vpc:
        """The VPC of that name; KeyError when there is none."""
        return self._vpc_index[name]

    def subnet(self, name: str) -> Subnet:
        """The subnet of that name, of any VPC; KeyError when there is none."""
        return self._subnet_index[name]

    def vpc_of_subnet(self, subnet: str) -> Vpc:
        """The VPC that a subnet belongs to; KeyError when there is no such subnet."""
        return self._vpc_of_subnet[subnet]

    def pool(self, name: str) -> Pool:
        """The block pool of that name; KeyError when there is none."""
        return self._pool_index[name]

    @property
    def default_pool(self) -> Pool:
        """The block pool of disks that name none."""
        return next(pool for pool in self.spec.storage.block_pools if pool.default)

    def store(self, name: str) -> Pool:
        """The object store of that name; KeyError when there is none."""
        return self._store_index[name]

    def image(self, name: str) -> Image:
        """The VM image of that name; KeyError when there is none."""
        return self._image_index[name]

    def vm(self, name: str) -> Vm:
        """The virtual machine of that name; KeyError when there is none."""
        return self._vm_index[name]

    def application(self, name: str) -> Application:
        """The application of that name; KeyError when there is none."""
        return self._application_index[name]

    def gateway_hosts(self, vpc: Vpc) -> tuple[Host, ...]:
        """Hosts on which the egress gateway of a VPC may run: gateway hosts in its zones, of its architecture."""
        zones = {subnet.zone for subnet in vpc.subnets}
        arch = vpc.egress.arch if vpc.egress else "any"
        return tuple(
            host for host in self.hosts_in(role="gateway") if host.zone in zones and arch in ("any", host.arch)
        )

    def domains(self, pool: Pool, cluster: Literal["block", "object"]) -> dict[str, tuple[Host, ...]]:
        """Failure domains of a pool, each with its hosts that have a matching disk, in the order of their names."""
        found: dict[str, list[Host]] = {}
        for host in self.hosts:
            matching = any(disk.use == cluster and disk.device_class == pool.device_class for disk in host.disks)
            if matching and host.zone in pool.zones:
                found.setdefault(domain_of(host, pool), []).append(host)
        return {name: tuple(found[name]) for name in sorted(found)}

    def location(self, zones: Iterable[str]) -> str:
        """Where zones are, in the order of site.yaml: `az1: Campus North, building 1; az2: ...`."""
        wanted = set(zones)
        return "; ".join(f"{zone.name}: {zone.location}" for zone in self.spec.zones if zone.name in wanted)

    def arch_of(self, cpu_family: CpuFamily) -> Arch:
        """Architecture of a CPU family; for `other` that of the site's hosts of it.

        Raises KeyError when neither says one (load() refuses sites that ask for it).
        """
        if cpu_family in ARCH_OF_FAMILY:
            return ARCH_OF_FAMILY[cpu_family]
        for host in self.hosts_in(cpu_family=cpu_family):
            return host.arch
        raise KeyError(cpu_family)

    @cached_property
    def _host_index(self) -> dict[str, Host]:
        return _by_name(self.hosts)

    @cached_property
    def _tenant_index(self) -> dict[str, Tenant]:
        return _by_name(self.spec.tenants)

    @cached_property
    def _vpc_index(self) -> dict[str, Vpc]:
        return _by_name(self.spec.network.vpcs)

    @cached_property
    def _subnet_index(self) -> dict[str, Subnet]:
        return _by_name(subnet for vpc in self.spec.network.vpcs for subnet in vpc.subnets)

    @cached_property
    def _vpc_of_subnet(self) -> dict[str, Vpc]:
        return {subnet.name: vpc for vpc in self.spec.network.vpcs for subnet in vpc.subnets}

    @cached_property
    def _pool_index(self) -> dict[str, Pool]:
        return _by_name(self.spec.storage.block_pools)

    @cached_property
    def _store_index(self) -> dict[str, Pool]:
        return _by_name(self.spec.storage.object_stores)

    @cached_property
    def _image_index(self) -> dict[str, Image]:
        return _by_name(self.spec.compute.images)

    @cached_property
    def _vm_index(self) -> dict[str, Vm]:
        return _by_name(self.spec.compute.vms)

    @cached_property
    def _application_index(self) -> dict[str, Application]:
        return _by_name(self.spec.compute.applications)


def domain_of(host: Host, pool: Pool) -> str:
    """Name of the failure domain of a pool in which a host lies."""
    return {"host": host.name, "rack": host.rack, "switch_pair": host.switch_pair, "zone": host.zone}[
        pool.failure_domain
    ]


def _by_name(things: Iterable[_Named]) -> dict[str, _Named]:
    return {thing.name: thing for thing in things}
