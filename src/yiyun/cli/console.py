"""What all commands print with: progress on stderr, results on stdout, one way to name a site."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from yiyun.errors import UserError
from yiyun.paths import CHECKOUT
from yiyun.site import Site

WIDE = 200
"""Columns of a table that goes into a file or a pipe, where no terminal sets a width."""


def _console(*, stderr: bool) -> Console:
    on_terminal = (sys.stderr if stderr else sys.stdout).isatty()
    width = None if on_terminal or "COLUMNS" in os.environ else WIDE
    return Console(stderr=stderr, highlight=False, soft_wrap=True, width=width)


out = _console(stderr=False)
err = _console(stderr=True)

Report = Callable[[str], None]


def reporter() -> Report:
    """Return a function that prints one line of progress with the seconds since now."""
    started = time.monotonic()

    def report(text: str) -> None:
        err.print(f"{time.monotonic() - started:6.1f} s  {text}", markup=False)

    return report


def site_directory(name_or_path: str) -> Path:
    """Return the directory of a site: a path, or a name under inventories/."""
    shipped = CHECKOUT / "inventories" / name_or_path
    candidate = Path(name_or_path).expanduser()
    for directory in (candidate, shipped):
        if (directory / "site.yaml").is_file():
            return directory.resolve()
    known = ", ".join(sorted(p.parent.name for p in (CHECKOUT / "inventories").glob("*/site.yaml")))
    raise UserError(f"--site {name_or_path}: no site.yaml there; shipped sites are {known}; ./yiyun init DIR makes one")


def load_site(name_or_path: str) -> Site:
    """Load a site by name or path. Raises SiteError when it is refused."""
    return Site.load(site_directory(name_or_path))
