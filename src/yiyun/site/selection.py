"""Picks hosts of a site by a pattern that people type: names, globs, zones, roles and CPU families."""

from fnmatch import fnmatchcase

from yiyun.errors import UserError
from yiyun.site.loader import Site
from yiyun.site.model import Host


def select(site: Site, pattern: str) -> tuple[Host, ...]:
    """Hosts that a comma-separated pattern names, by name: `lab-az1-*`, `az2`, `control`, `kunpeng`, `all`.

    Raises UserError for a part that names no host.
    """
    chosen: set[str] = set()
    for part in filter(None, (word.strip() for word in pattern.split(","))):
        found = {host.name for host in site.hosts if part == "all" or _names(part, host)}
        if not found:
            roles = sorted({role for host in site.hosts for role in host.roles})
            known = ", ".join([*site.zones, *roles, *sorted({str(host.cpu_family) for host in site.hosts})])
            raise UserError(f"--hosts {part}: no host of site {site.name} is called or grouped so; groups are {known}")
        chosen |= found
    if not chosen:
        raise UserError("--hosts is empty: write names, globs or groups, separated by commas")
    return tuple(host for host in site.hosts if host.name in chosen)


def _names(part: str, host: Host) -> bool:
    return fnmatchcase(host.name, part) or part in {host.zone, str(host.cpu_family), *host.roles}
