"""`./yiyun audit`: judges what really runs, and keeps the evidence."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yiyun.cli.console import load_site, reporter
from yiyun.cli.gate import PACK, Format
from yiyun.compliance import render
from yiyun.errors import UserError
from yiyun.site.selection import select

if TYPE_CHECKING:
    from yiyun.compliance.assessment import Assessment


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
    out: Annotated[Path | None, typer.Option("--out", help="Keep evidence and result in this new directory.")] = None,
    since: Annotated[
        Path | None, typer.Option("--since", help="Compare with the result that an earlier audit kept here.")
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option("--evidence", help="Judge evidence that was kept by --out; nobody is asked.")
    ] = None,
    deep: Annotated[bool, typer.Option("--deep", help="On hosts also walk file trees and verify packages.")] = False,
    form: Annotated[Format, typer.Option("--format", "-f", help="Form of the report on stdout.")] = Format.TEXT,
    all_verdicts: Annotated[bool, typer.Option("--all", help="Also what passes and what does not apply.")] = False,
) -> None:
    """Read hosts, cluster and stacks once and judge them, and the site, by MLPS level 3.

    Without --hosts, --cluster and --stacks all three are looked at; the site always is. Exit 0 passes, 1 something
    mandatory fails or was not evaluated, or a high-risk clause does not conform or was not checked, 2 bad input.
    """
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
    if form is Format.TEXT:
        from yiyun.compliance.report_audit import render_audit

        sys.stdout.write(render_audit(assessment, all_verdicts))
    else:
        sys.stdout.write(render(assessment.result, form.value, all_verdicts=all_verdicts))
    sys.stdout.flush()
    raise typer.Exit(assessment.exit_code)
