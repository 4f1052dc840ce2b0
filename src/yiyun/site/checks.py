"""Contradictions inside a site. One function per rule; each yields a problem for every place that breaks it."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from yiyun.errors import SiteError
from yiyun.site import document
from yiyun.site.document import Node
from yiyun.site.inventory import Inventory
from yiyun.site.spelling import meant
from yiyun.site.validation import limited

if TYPE_CHECKING:
    from yiyun.site.loader import Site


class Problem(NamedTuple):
    """One broken rule at one place."""

    where: str
    """Place in the form `file:line`."""
    text: str
    rule: str | None = None
    """Compliance rule that the refusal stands for."""


class Places:
    """Finds the line of every key of hosts.yaml and site.yaml."""

    def __init__(self, root: Node, listed: Inventory) -> None:
        self.root = root
        self.listed = listed

    def site(self, *path: str | int) -> str:
        """Place of a key of site.yaml; of its nearest parent where it is not written."""
        line, _, _ = document.nearest(self.root, path)
        return f"{self.root.file}:{line}"

    def host(self, name: str, variable: str | None = None, *path: str | int) -> str:
        """Place of a host, or of one of its variables (or an item inside it), which may lie in another file."""
        host = self.listed.hosts[name]
        if variable is None or variable not in host.variables:
            return host.where
        entry = host.variables[variable]
        line, _, found = document.nearest(entry.node, path)
        return f"{entry.node.file}:{line}" if found else entry.where


Check = Callable[["Site", Places], Iterator[Problem]]


def check(site: "Site", at: Places) -> None:
    """Run all checks. Raises SiteError with every problem of the first stage that finds one.

    Later stages rely on what earlier ones assure, for example that every name that is referred to exists.
    """
    for stage in STAGES:
        problems = [problem for function in stage for problem in function(site, at)]
        if problems:
            problems.sort(key=lambda problem: problem.rule is None)
            rule = problems[0].rule
            raise SiteError(limited(dict.fromkeys(f"{problem.where}: {problem.text}" for problem in problems)), rule)


def zones_of_hosts_exist(site: "Site", at: Places) -> Iterator[Problem]:
    """Every host lies in a zone of site.yaml."""
    for host in site.hosts:
        if host.zone not in site.zones:
            text = f"host {host.name}: zone {host.zone} is not in site.yaml{meant(host.zone, site.zones)}"
            yield Problem(at.host(host.name, "yiyun_zone"), f"{text}; zones: {', '.join(site.zones)}")


def addresses_are_unique(site: "Site", at: Places) -> Iterator[Problem]:
    """No two hosts have one address."""
    hosts = sorted(site.hosts, key=lambda host: host.address)
    for first, second in pairwise(hosts):
        if first.address == second.address:
            where = at.host(second.name, "ansible_host")
            yield Problem(where, f"hosts {first.name} and {second.name} both have address {second.address}")


STAGES: tuple[tuple[Check, ...], ...] = ((zones_of_hosts_exist, addresses_are_unique),)
