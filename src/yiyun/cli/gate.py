"""`./yiyun gate`: the policy gate on a site or on manifests."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from yiyun.cli.console import err, load_site, reporter, site_directory
from yiyun.compliance import gate_manifests, render
from yiyun.compliance.engine import Result
from yiyun.errors import UserError
from yiyun.paths import CHECKOUT

PACK = CHECKOUT / "policies" / "mlps3"


class Format(StrEnum):
    """Forms of a report."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(gate)


def gate(
    site: Annotated[str | None, typer.Option("--site", "-s", help="Judge the previews of this site's stacks.")] = None,
    manifests: Annotated[
        list[Path] | None,
        typer.Option("--manifests", "-m", help="Judge Kubernetes YAML and Helm charts: files or directories."),
    ] = None,
    more: Annotated[list[Path] | None, typer.Argument(help="More paths for --manifests.", show_default=False)] = None,
    values: Annotated[
        list[Path] | None, typer.Option(help="Values for the one chart among --manifests; later files win, as in helm.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", "-f", help="Form of the report on stdout.")] = Format.TEXT,
    all_verdicts: Annotated[bool, typer.Option("--all", help="Also what passes and what does not apply.")] = False,
    allow_unchecked_schemas: Annotated[
        bool, typer.Option(help="Judge kinds whose CRD no source has without calling them not evaluated.")
    ] = False,
) -> None:
    """Judge by MLPS level 3 rules; exit 0 passes, 1 fails or could not be evaluated, 2 bad input."""
    if manifests:
        loaded = load_site(site) if site else None
        waivers = loaded.path / "waivers.yaml" if loaded and (loaded.path / "waivers.yaml").exists() else None
        result = gate_manifests([*manifests, *(more or ())], PACK, loaded, waivers, values or ())
        show(result, form, all_verdicts)
    if not site or more or values:
        raise UserError("say what to judge: --site NAME, or --manifests PATH...")
    from yiyun.operations.gate import gate_site

    show(gate_site(site_directory(site), PACK, reporter(), allow_unchecked=allow_unchecked_schemas), form, all_verdicts)


def show(result: Result, form: Format, all_verdicts: bool) -> None:
    """Print the report and leave with its exit code."""
    sys.stdout.write(render(result, form.value, all_verdicts=all_verdicts))
    sys.stdout.flush()
    if result.exit_code and form is not Format.TEXT:
        err.print("yiyun: the gate does not pass", markup=False)
    raise typer.Exit(result.exit_code)
