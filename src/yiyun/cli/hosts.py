"""`./yiyun hosts`: real hosts, from the first contact to what their roles promise."""

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from yiyun.cli.console import err, load_site, out, reporter
from yiyun.cli.hosts_adopt import adopt
from yiyun.site.selection import select

if TYPE_CHECKING:
    from yiyun.operations.hosts.plan import HostPlan

app = typer.Typer(no_args_is_help=True, help="Real hosts: first contact, what has drifted, and bringing it back.")

SiteOption = Annotated[str, typer.Option("--site", "-s", help="Name of a shipped site, or a path.")]
HostsOption = Annotated[
    str, typer.Option("--hosts", help="Only these: names, globs, zones, roles, CPU families, comma-separated.")
]
RolesOption = Annotated[list[str] | None, typer.Option("--role", help="Only this role (repeatable).")]
app.command()(adopt)
SHOWN = 5
"""Reasons shown per role; --format json has all."""
WIDTH = 100
"""Characters shown of a promise's name, which may be a long command."""


class Format(StrEnum):
    """How a plan is printed."""

    TABLE = "table"
    JSON = "json"


@app.command()
def plan(
    site: SiteOption = "lab",
    hosts: HostsOption = "all",
    role: RolesOption = None,
    output: Annotated[Format, typer.Option("--format", help="A table, or JSON with every reason.")] = Format.TABLE,
) -> None:
    """Read every host once and say which roles would change anything, and why; exit 1 when any would."""
    from yiyun.operations.hosts.plan import as_json, make_plan

    loaded = load_site(site)
    plans = make_plan(loaded, [host.name for host in select(loaded, hosts)], role)
    if output is Format.JSON:
        out.print_json(json.dumps(as_json(loaded, plans), ensure_ascii=False))
    else:
        _show(plans)
    if any(each.problem or each.needed for each in plans):
        raise typer.Exit(1)


@app.command()
def converge(
    site: SiteOption = "lab",
    hosts: HostsOption = "all",
    role: RolesOption = None,
    check: Annotated[
        bool, typer.Option("--check", help="Let Ansible say what it would change; change nothing.")
    ] = False,
) -> None:
    """Run only the roles that would change anything, only where they would; exit 1 when something is left to do."""
    from yiyun.operations.hosts.converge import converge as bring_back

    loaded = load_site(site)
    chosen = [host.name for host in select(loaded, hosts)]
    result = bring_back(loaded, reporter(), chosen, role, check=check)
    _show(result.before if check or not result.ran else [*_unread(result.before), *result.after])
    if result.status:
        err.print(
            f"ansible-playbook ended with {result.status}: its output above names the host and the task", markup=False
        )
    if not result.done:
        raise typer.Exit(1)


def _unread(plans: "list[HostPlan]") -> "list[HostPlan]":
    return [plan for plan in plans if plan.problem]


def _show(plans: "list[HostPlan]") -> None:
    """Print a line per role that must run, and a summary."""
    table = Table()
    for column in ("host", "role", "why"):
        table.add_column(column, overflow="fold")
    for each in plans:
        if each.problem:
            table.add_row(each.host, "(not read)", each.problem)
        for role in each.roles:
            if role.must_run:
                reasons = [v for v in role.verdicts if v.state in {"broken", "unknown"}]
                lines = [
                    f"{v.subject[:WIDTH]}: {'unknown: ' if v.state == 'unknown' else ''}{v.reason}" for v in reasons
                ]
                more = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
                table.add_row(each.host, role.role, "\n".join(lines[:SHOWN] + more))
    if table.row_count:
        out.print(table)
    verdicts = [verdict for each in plans for role in each.roles for verdict in role.verdicts]
    count = {state: sum(v.state == state for v in verdicts) for state in ("kept", "broken", "unknown", "not-proven")}
    unread = sum(each.problem is not None for each in plans)
    out.print(
        f"{len(plans)} hosts, {unread} not read; promises: {count['kept']} kept, {count['broken']} broken, "
        f"{count['unknown']} unknown, {count['not-proven']} not proven live",
        markup=False,
    )
