"""Makes the inventory of a new site: small, valid and commented, to be edited."""

import re
from importlib import resources
from pathlib import Path

from yiyun.errors import UserError
from yiyun.site import document

FILES = ("hosts.yaml", "site.yaml")
PLACEHOLDER = "my-site"
"""Name of the site in the shipped start files."""


def site_name(directory: Path) -> str:
    """Name for a site in a directory: the directory's own, made fit for one."""
    name = re.sub(r"[^a-z0-9]+", "-", directory.absolute().name.lower())[:30].strip("-")
    return name or PLACEHOLDER


def create(directory: Path) -> list[Path]:
    """Write a starting hosts.yaml and site.yaml into `directory`, which is made if needed; return their paths.

    The site has 3 zones of 2 hosts and loads as it is. Raises UserError when the directory holds anything.
    """
    shown = document.shown(directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise UserError(f"{shown} is not empty; name a new directory for the site")
        written = []
        for name in FILES:
            text = resources.files("yiyun.site").joinpath("start", name).read_text(encoding="utf-8")
            path = directory / name
            path.write_text(text.replace(PLACEHOLDER, site_name(directory)), encoding="utf-8")
            written.append(path)
    except OSError as error:
        raise UserError(f"{shown} cannot be written: {error.strerror}") from None
    return written
