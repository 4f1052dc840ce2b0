"""`./yiyun hosts adopt`: first contact with bare hosts."""

import os
import sys
from typing import Annotated

import typer
from rich.table import Table

from yiyun.cli.console import load_site, out, reporter
from yiyun.site.selection import select


def adopt(
    site: Annotated[str, typer.Option("--site", "-s", help="Name of a shipped site, or a path.")] = "lab",
    hosts: Annotated[
        str, typer.Option("--hosts", help="Only these: names, globs, zones, roles, CPU families, comma-separated.")
    ] = "all",
    check: Annotated[bool, typer.Option("--check", help="Say what would be done; write nothing on the hosts.")] = False,
) -> None:
    """Take bare hosts in: pin the host key, check who they are, bring Python, make the management user.

    Root's password comes from YIYUN_ROOT_PASSWORD or a prompt, its key's path from YIYUN_ROOT_KEY; a lab knows its own.
    """
    from yiyun.operations.hosts.adopt import KEY_VARIABLE, PASSWORD_VARIABLE, Credentials, credentials
    from yiyun.operations.hosts.adopt import adopt as take_in

    loaded = load_site(site)
    chosen = select(loaded, hosts)
    known = credentials(loaded)
    if known == Credentials() and sys.stdin.isatty() and not os.environ.get("SSH_AUTH_SOCK"):
        shown = f"Root's password on {len(chosen)} hosts ({PASSWORD_VARIABLE} or {KEY_VARIABLE} avoid this question)"
        known = Credentials(password=typer.prompt(shown, hide_input=True, err=True))
    outcomes = take_in(loaded, chosen, known, reporter(), check=check)
    table = Table()
    for column in ("host", "result", "done", "cause", "remedy"):
        table.add_column(column, overflow="fold")
    for outcome in outcomes:
        done = ", ".join(outcome.done)
        pinned = f"pinned {outcome.fingerprint}" if outcome.fingerprint else ""
        table.add_row(
            outcome.host, outcome.result, "\n".join(filter(None, (done, pinned))), outcome.cause, outcome.remedy
        )
    out.print(table)
    count = {result: sum(o.result == result for o in outcomes) for result in dict.fromkeys(o.result for o in outcomes)}
    out.print(", ".join(f"{number} {result}" for result, number in count.items()), markup=False)
    excused = sum(bool(outcome.notes) for outcome in outcomes)
    if excused:
        out.print(
            f"{excused} are lab hosts, which differ from hosts.yaml on purpose (docs/lab-limits.md)", markup=False
        )
    if any(outcome.result == "failed" for outcome in outcomes):
        raise typer.Exit(1)
