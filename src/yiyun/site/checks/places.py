"""What a check gets and gives: where every key is written, and a broken rule at one place."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from yiyun.site import document
from yiyun.site.document import Node
from yiyun.site.inventory import Inventory

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
