"""Finds the line of site.yaml that a finding is about."""

import re
from typing import TYPE_CHECKING

from yiyun.errors import SiteError
from yiyun.site import document

if TYPE_CHECKING:
    from yiyun.site import Site

_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def site_line(site: "Site", path: str) -> int:
    """Line of a key such as `network.vpcs[0].peers`, of its nearest parent where it is not written; 0: not known."""
    keys = tuple(int(index) if index else name for name, index in _PART.findall(path))
    try:
        line, _, _ = document.nearest(document.read(site.path / "site.yaml"), keys)
    except SiteError:
        return 0
    return line
