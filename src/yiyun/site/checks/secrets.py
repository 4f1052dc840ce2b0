"""Secrets in plain text."""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from yiyun.site.checks.places import Places, Problem
from yiyun.site.document import Entry, Node

if TYPE_CHECKING:
    from yiyun.site.loader import Site

_SECRET_NAME = re.compile(
    r"(^|_)(pass|password|passwd|passphrase|secret|token|credentials?|api_?key|access_?key|private_?key|secret_?key)s?$",
    re.IGNORECASE,
)

_SECRET_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|^[a-z0-9+.-]+://[^/\s:@]*:[^/\s:@]+@|\bAKIA[0-9A-Z]{16}\b"
)


def no_secrets_are_written(_site: "Site", at: Places) -> Iterator[Problem]:
    """No value looks like a password or a key: secrets are made by `./yiyun secrets init`."""
    sources = {id(host.own): host.own for host in at.listed.hosts.values()}
    sources |= {id(group.variables): group.variables for group in at.listed.groups.values()}
    sources |= {id(host.variables): host.variables for host in at.listed.hosts.values()}
    for where, name, node in [*_leaves(sources.values()), *_leaves([at.root.value])]:
        value = node.value
        if not isinstance(value, str) or not value or node.tag is not None or "{{" in value:
            continue
        if _SECRET_NAME.search(name) or _SECRET_VALUE.search(value):
            yield Problem(where, f"{name} looks like a secret in plain text; remove it and run ./yiyun secrets init")


def _leaves(sources: Iterable[dict[str, Entry]]) -> Iterator[tuple[str, str, Node]]:
    """Place, key and scalar of everything below some mappings; items of lists have the key of their list."""
    queue = [(entry.where, str(name), entry.node) for source in sources for name, entry in source.items()]
    while queue:
        where, name, node = queue.pop()
        if isinstance(node.value, dict):
            queue += [(entry.where, str(key), entry.node) for key, entry in node.value.items()]
        elif isinstance(node.value, list):
            queue += [(item.where, name, item) for item in node.value]
        else:
            yield where, name, node
