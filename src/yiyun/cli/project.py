"""`./yiyun init | env | test`: commands about a site's files and about the project itself."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from yiyun.cli.console import err, load_site, out, reporter
from yiyun.paths import CHECKOUT

ROOT_BENCHMARKS = ("adopt", "audit_vs_peers", "converge_vs_ansible", "hardening_vs_peers", "up_real")
"""Benchmarks that boot real hosts."""


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


@dataclass(frozen=True)
class Stage:
    """One part of the project's own checks."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    """Set beside this process' own."""
    needs_root: bool = False
    """Without root it is skipped and named; in CI (`CI=true`) that fails."""


def stages(full: bool) -> list[Stage]:
    """The test stages, cheapest first."""
    python = sys.executable
    pytest = [python, "-m", "pytest", "-p", "no:cacheprovider"]
    listed = [
        Stage("lint", [python, "-m", "ruff", "check", "."]),
        Stage("format", [python, "-m", "ruff", "format", "--check", "."]),
        Stage("types", [python, "-m", "mypy"]),
        Stage("roles", [python, "-m", "ansiblelint", "-q", "roles", "playbooks"]),
        Stage("unit", [*pytest, "-n", "2", "--dist", "loadgroup", "tests/unit"]),
        Stage("whole", [*pytest, "-n", "2", "tests/whole"]),
        Stage("playbooks", [*pytest, "-n", "2", "tests/roles"]),
        Stage("collect", [*pytest, "tests/collect"]),
        Stage("toolchain", [str(CHECKOUT / "yiyun"), "doctor", "--build"]),
        Stage("stacks", [*pytest, "tests/stacks"]),
        Stage("hosts", [*pytest, "-m", "ci", "tests/hosts"], needs_root=True),
    ]
    if full:
        listed += [
            Stage("mutations", [*pytest, "tests/unit/test_site_mutations.py"], {"YIYUN_MUTATIONS": "2000"}),
            Stage("inventories", [*pytest, "tests/stacks/test_inventory.py"], {"YIYUN_INVENTORIES": "200"}),
            Stage("all-hosts", [*pytest, "-m", "not ci", "tests/hosts"], {"YIYUN_TEST_ROLES": "all"}, needs_root=True),
            Stage("oscal", [*pytest, "tests/oscal"]),
            Stage("browser", [*pytest, "tests/browser"]),
            Stage("kills", [*pytest, "tests/stacks/test_kills.py"], {"YIYUN_KILLS": "full"}),
        ]
        listed += [
            Stage(path.stem, [python, str(path)], needs_root=path.stem in ROOT_BENCHMARKS)
            for path in sorted((CHECKOUT / "benchmarks").glob("[!_]*.py"))
        ]
    return listed


def test(
    full: Annotated[bool, typer.Option("--full", help="Also the long loops and the benchmarks.")] = False,
    stage: Annotated[list[str] | None, typer.Option(help="Only this stage (may be repeated).")] = None,
) -> None:
    """Run the project's own checks: lint, types, unit tests, then the stacks on a lab of their own, then real hosts.

    What needs root is skipped without it and named; where `CI=true` a skip is a failure.
    """
    report = reporter()
    table = Table("stage", "result", "seconds")
    failed = False
    known = stages(full)
    for name in stage or ():
        if name not in [each.name for each in known]:
            raise typer.BadParameter(f"--stage {name}: the stages are {', '.join(each.name for each in known)}")
    for each in known:
        if stage and each.name not in stage:
            continue
        if each.needs_root and os.geteuid() != 0:
            unexpected = os.environ.get("CI") == "true"
            failed = failed or unexpected
            table.add_row(each.name, "FAILED: skipped, it needs root" if unexpected else "skipped: it needs root", "")
            continue
        report(f"{each.name}: {' '.join(each.command)}")
        started = time.monotonic()
        code = subprocess.run(each.command, cwd=CHECKOUT, env=os.environ | each.environment, check=False).returncode
        failed = failed or code != 0
        table.add_row(each.name, "ok" if code == 0 else f"FAILED ({code})", f"{time.monotonic() - started:.0f}")
    err.print(table)
    if failed:
        raise typer.Exit(1)
