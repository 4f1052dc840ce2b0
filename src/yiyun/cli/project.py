"""`./yiyun init | env | test`: commands about a site's files and about the project itself."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from yiyun.cli.console import err, load_site, out, reporter
from yiyun.paths import CHECKOUT


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(init)
    app.command()(env)
    app.command()(test)


def init(directory: Annotated[Path, typer.Argument(help="New directory of the site, outside the checkout.")]) -> None:
    """Make a site of one's own to edit: hosts.yaml, site.yaml, waivers.yaml."""
    from yiyun.site.init import create

    for path in create(directory):
        out.print(f"wrote {path}", markup=False)
    out.print(
        f"next: edit them, then  ./yiyun gate --site {directory}  and  ./yiyun up --site {directory}", markup=False
    )


def env(site: Annotated[str, typer.Option("--site", "-s", help="Name or path of the site.")] = "lab") -> None:
    """Print shell exports that make plain pulumi, kubectl and ansible-playbook work: eval $(./yiyun env --site S)."""
    from yiyun.operations import environment
    from yiyun.operations.projects import projects

    loaded = load_site(site)
    sys.stdout.write(environment.exports(loaded) + "\n")
    if not any(environment.config_file(loaded, name).exists() for name in projects()):
        err.print(
            f"pulumi has no stack of site {loaded.name} yet:  ./yiyun gate --site {site}  makes them", markup=False
        )


Stage = tuple[str, list[str], dict[str, str]]


def stages(full: bool) -> list[Stage]:
    """Name, command and extra environment of each test stage, cheapest first."""
    python = sys.executable
    pytest = [python, "-m", "pytest", "-p", "no:cacheprovider"]
    listed: list[Stage] = [
        ("lint", [python, "-m", "ruff", "check", "."], {}),
        ("format", [python, "-m", "ruff", "format", "--check", "."], {}),
        ("types", [python, "-m", "mypy"], {}),
        ("roles", [python, "-m", "ansiblelint", "-q", "roles", "playbooks"], {}),
        ("unit", [*pytest, "-n", "2", "tests/unit"], {}),
        ("toolchain", [str(CHECKOUT / "yiyun"), "doctor", "--build"], {}),
        ("stacks", [*pytest, "tests/stacks"], {}),
    ]
    if full:
        listed += [
            ("mutations", [*pytest, "tests/unit/test_site_mutations.py"], {"YIYUN_MUTATIONS": "2000"}),
            ("inventories", [*pytest, "tests/stacks/test_inventory.py"], {"YIYUN_INVENTORIES": "200"}),
            ("hosts", [*pytest, "tests/hosts"], {"YIYUN_TEST_ROLES": "all"}),
            ("kills", [*pytest, "tests/stacks/test_kills.py"], {"YIYUN_KILLS": "full"}),
        ]
        listed += [(path.stem, [python, str(path)], {}) for path in sorted((CHECKOUT / "benchmarks").glob("[!_]*.py"))]
    return listed


def test(
    full: Annotated[bool, typer.Option("--full", help="Also the long loops and the benchmarks.")] = False,
    stage: Annotated[list[str] | None, typer.Option(help="Only this stage (may be repeated).")] = None,
) -> None:
    """Run the project's own checks: lint, types, unit tests, then the stacks on a lab of their own."""
    report = reporter()
    table = Table("stage", "result", "seconds")
    failed = False
    known = stages(full)
    for name in stage or ():
        if name not in [n for n, _, _ in known]:
            raise typer.BadParameter(f"--stage {name}: the stages are {', '.join(n for n, _, _ in known)}")
    for name, command, extra in known:
        if stage and name not in stage:
            continue
        report(f"{name}: {' '.join(command)}")
        started = time.monotonic()
        code = subprocess.run(command, cwd=CHECKOUT, env=os.environ | extra, check=False).returncode
        failed = failed or code != 0
        table.add_row(name, "ok" if code == 0 else f"FAILED ({code})", f"{time.monotonic() - started:.0f}")
    err.print(table)
    if failed:
        raise typer.Exit(1)
