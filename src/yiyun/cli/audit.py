"""`./yiyun audit`: judges what really runs, and keeps the evidence."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yiyun.cli.console import load_site, reporter
from yiyun.cli.gate import PACK, Format, show
from yiyun.errors import UserError
from yiyun.site.selection import select

if TYPE_CHECKING:
    from yiyun.operations.audit import Audit


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(audit)


def audit(
    site: Annotated[str | None, typer.Option("--site", "-s", help="Name of a shipped site, or a path.")] = None,
    hosts: Annotated[
        str, typer.Option("--hosts", help="Only these: names, globs, zones, roles, CPU families, comma-separated.")
    ] = "all",
    out: Annotated[Path | None, typer.Option("--out", help="Keep the evidence in this new directory.")] = None,
    evidence: Annotated[
        Path | None, typer.Option("--evidence", help="Judge evidence that was kept by --out; no host is asked.")
    ] = None,
    deep: Annotated[bool, typer.Option("--deep", help="Also walk file trees and verify packages.")] = False,
    form: Annotated[Format, typer.Option("--format", "-f", help="Form of the report on stdout.")] = Format.TEXT,
    all_verdicts: Annotated[bool, typer.Option("--all", help="Also what passes and what does not apply.")] = False,
) -> None:
    """Read hosts once and judge them by MLPS level 3; exit 0 passes, 1 fails or could not be evaluated, 2 bad input."""
    from yiyun.operations.audit import audit_evidence, audit_hosts

    if evidence is not None:
        if out is not None or deep or hosts != "all":
            raise UserError("--evidence judges what is there; --out, --deep and --hosts belong to an audit of hosts")
        _show(audit_evidence(evidence, PACK, load_site(site) if site else None), form, all_verdicts=all_verdicts)
    if site is None:
        raise UserError("say what to audit: --site NAME, or --evidence DIR")
    loaded = load_site(site)
    names = [host.name for host in select(loaded, hosts)]
    _show(audit_hosts(loaded, names, PACK, reporter(), out, deep=deep), form, all_verdicts=all_verdicts)


def _show(audit: "Audit", form: Format, *, all_verdicts: bool) -> None:
    """Print the clauses (in text) and the report, and leave with its exit code."""
    if form is Format.TEXT:
        from yiyun.compliance.report_clauses import render_clauses

        sys.stdout.write(render_clauses(audit.catalogue, audit.clauses) + "\n")
    show(audit.result, form, all_verdicts)
