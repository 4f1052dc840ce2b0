"""Databases: their replicas find hosts on which the engine runs."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from yiyun.site.checks.cpu_families import families_there, has_arch
from yiyun.site.checks.places import Places, Problem
from yiyun.site.model import CpuFamily

if TYPE_CHECKING:
    from yiyun.site.loader import Site


def databases_find_hosts(site: "Site", at: Places) -> Iterator[Problem]:
    """Each replica has a database host of its family in its zone."""
    for i, database in enumerate(site.spec.databases):
        for j, replica in enumerate(database.replicas):
            if not site.hosts_in(zone=replica.zone, role="database", cpu_family=replica.cpu_family):
                text = (
                    f"database {database.name}: zone {replica.zone} has no {replica.cpu_family} host in group database"
                )
                yield Problem(
                    at.site("databases", i, "replicas", j), f"{text}; {families_there(site, replica.zone, 'database')}"
                )


def oceanbase_stays_off_phytium(site: "Site", at: Places) -> Iterator[Problem]:
    """OceanBase's published builds need atomics that Phytium CPUs lack."""
    for i, database in enumerate(site.spec.databases):
        for j, replica in enumerate(database.replicas):
            if database.engine == "oceanbase" and replica.cpu_family is CpuFamily.PHYTIUM:
                text = f"database {database.name}: OceanBase does not run on phytium; write intel, hygon or kunpeng"
                yield Problem(at.site("databases", i, "replicas", j, "cpu_family"), text)


def postgresql_has_one_architecture(site: "Site", at: Places) -> Iterator[Problem]:
    """PostgreSQL replicates blocks between hosts of one architecture only."""
    for i, database in enumerate(site.spec.databases):
        if database.engine == "postgresql":
            families = [replica.cpu_family for replica in database.replicas if has_arch(site, replica.cpu_family)]
            arches = sorted({site.arch_of(family) for family in families})
            if len(arches) > 1:
                where = at.site("databases", i, "replicas")
                text = f"database {database.name}: replicas on {' and '.join(arches)}; PostgreSQL needs one of them"
                yield Problem(where, text)
