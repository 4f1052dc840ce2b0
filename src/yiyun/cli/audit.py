"""`./yiyun audit`: judges what really runs, and keeps the evidence."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yiyun.cli.console import load_site, reporter
from yiyun.cli.console import out as console
from yiyun.cli.gate import PACK
from yiyun.errors import UserError
from yiyun.site.selection import select

if TYPE_CHECKING:
    from yiyun.compliance.assessment import Assessment


class Format(StrEnum):
    """Forms of a report."""

    TEXT = "text"
    HTML = "html"
    XLSX = "xlsx"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    OSCAL = "oscal"


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(audit)


def audit(
    site: Annotated[str | None, typer.Option("--site", "-s", help="Name of a shipped site, or a path.")] = None,
    hosts: Annotated[
        str | None,
        typer.Option("--hosts", help="Hosts: names, globs, zones, roles, CPU families, comma-separated, or all."),
    ] = None,
    cluster: Annotated[bool, typer.Option("--cluster", help="The objects on the API server, as the auditor.")] = False,
    stacks: Annotated[bool, typer.Option("--stacks", help="What the stacks' programs would build.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Keep evidence and all reports, signed, in this new directory.")
    ] = None,
    since: Annotated[
        Path | None, typer.Option("--since", help="Compare with the result that an earlier audit kept here.")
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option("--evidence", help="Judge evidence that was kept by --out; nobody is asked.")
    ] = None,
    verify: Annotated[
        Path | None, typer.Option("--verify", help="Only compare what --out kept here with its signed manifest.")
    ] = None,
    deep: Annotated[bool, typer.Option("--deep", help="On hosts also walk file trees and verify packages.")] = False,
    form: Annotated[Format, typer.Option("--format", "-f", help="Form of the report on stdout.")] = Format.TEXT,
    all_verdicts: Annotated[bool, typer.Option("--all", help="Also what passes and what does not apply.")] = False,
) -> None:
    """Read hosts, cluster and stacks once and judge them, and the site, by MLPS level 3.

    Without --hosts, --cluster and --stacks all three are looked at; the site always is. Exit 0 passes, 1 something
    mandatory fails or was not evaluated, or a high-risk clause does not conform or was not checked, 2 bad input.
    """
    if verify is not None:
        if site is not None or evidence is not None or out is not None:
            raise UserError("--verify only compares files; give it alone")
        _verify(verify)

    from yiyun.operations.audit import Parts, audit_evidence, audit_site

    if evidence is not None:
        if out is not None or deep or hosts is not None or cluster or stacks:
            raise UserError(
                "--evidence judges what is there; --out, --deep, --hosts, --cluster and --stacks belong to an audit"
            )
        _show(audit_evidence(evidence, PACK, load_site(site) if site else None, since), form, all_verdicts)
    if site is None:
        raise UserError("say what to audit: --site NAME, or --evidence DIR")
    loaded = load_site(site)
    if hosts is None and not cluster and not stacks:
        hosts, cluster, stacks = "all", True, True
    names = None if hosts is None else [host.name for host in select(loaded, hosts)]
    parts = Parts(names, cluster, stacks, deep)
    _show(audit_site(loaded, PACK, parts, reporter(), out, since), form, all_verdicts)


def _show(assessment: "Assessment", form: Format, all_verdicts: bool) -> None:
    """Print the report and leave with its exit code."""
    from yiyun.compliance.audit_reports import render_assessment

    if form is Format.XLSX and sys.stdout.isatty():
        raise UserError("--format xlsx writes a workbook: send it to a file,  ./yiyun audit ... > report.xlsx")
    sys.stdout.buffer.write(render_assessment(assessment, form.value, all_verdicts))
    sys.stdout.flush()
    raise typer.Exit(assessment.exit_code)


def _verify(directory: Path) -> None:
    """Name every file that is not what was signed, and leave: 0 none, 1 some."""
    from yiyun.evidence import sealed

    found = sealed.verify(directory, sealed.SEAL.trusted())
    problems = [*found.problems, *([f"{sealed.SEAL.public}: {found.stranger}"] if found.stranger else [])]
    for problem in problems:
        console.print(problem, markup=False)
    if problems or found.manifest is None:
        console.print(f"ALTERED: {len(problems)} problems", markup=False)
        raise typer.Exit(1)
    console.print(
        f"unaltered: {len(found.manifest.files)} files of site {found.manifest.site}, read {found.manifest.taken}, "
        f"root {found.manifest.root}, signed by {found.fingerprint}",
        markup=False,
    )
    raise typer.Exit(0)
