"""Owners and modes of files, as rules of hosts judge them."""

from collections.abc import Iterable, Iterator

from yiyun.compliance.host import Facts, Host, shown
from yiyun.compliance.model import Finding

OTHERS = 0o007
OTHERS_WRITE = 0o002
GROUP_WRITE = 0o020
STICKY = 0o1000


def existing(host: Host, paths: Iterable[str]) -> Iterator[tuple[str, Facts]]:
    """Path and facts of each of these that is there."""
    every = host.facts("files").facts("paths")
    for path in paths:
        found = every.maybe_facts(path)
        if found is not None:
            yield path, found


def owned(path: str, found: Facts, forbidden: int, groups: Iterable[str] = ("root",)) -> Iterator[Finding]:
    """Findings when a file is not root's, is another group's that has rights to it, or has a forbidden bit of its mode."""
    owner, group, mode = found.text("owner"), found.text("group"), found.number("mode")
    if owner != "root":
        yield Finding(f"{shown(path)} belongs to {shown(owner)}, not to root", found.at("owner"), owner)
    if mode & 0o070 and group not in set(groups):
        text = f"the group {shown(group)} has rights to {shown(path)} ({mode:04o})"
        yield Finding(text, found.at("group"), group)
    if mode & forbidden:
        text = f"{shown(path)} has mode {mode:04o}; none of {forbidden:04o} may be set"
        yield Finding(text, found.at("mode"), f"{mode:04o}")
