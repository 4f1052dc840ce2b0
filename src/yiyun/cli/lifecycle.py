"""`./yiyun up | down | drift | rollback | import | secrets`: the life of a site."""

import sys
from collections import Counter
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.table import Table

from yiyun.cli.console import err, load_site, out, reporter
from yiyun.errors import UserError
from yiyun.operations.engine import CHANGES, Preview
from yiyun.site import Site

SHOWN = 20
"""Lines of one sort that are shown before a change; a replace or a delete is always shown."""
SiteOption = Annotated[str, typer.Option("--site", "-s", help="Name of a shipped site, or a path.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(up)
    app.command()(down)
    app.command()(drift)
    app.command()(rollback)
    app.command("import")(import_object)
    app.command()(secrets)


def up(
    site: SiteOption = "lab",
    stack: Annotated[list[str] | None, typer.Option("--stack", help="Update only this stack (repeatable).")] = None,
    yes: YesOption = False,
    adopt: Annotated[
        list[str] | None,
        typer.Option(help="Take over this object of somebody else's (Kind/namespace/name, or '*'; repeatable)."),
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show the plan and stop; nothing is written.")] = False,
    allow_unchecked_schemas: Annotated[bool, typer.Option(help="Accept kinds whose CRD no source has.")] = False,
    real: Annotated[
        bool,
        typer.Option("--real", help="Boot real hosts and make a real cluster of them first (root; site lab-real)."),
    ] = False,
) -> None:
    """Bring a site up, or to what its files say now. Safe to run again, also after a crash."""
    from yiyun.operations.up import Wish

    loaded = load_site("lab-real" if real and site == "lab" else site)
    wish = Wish(
        stacks=tuple(stack or ()), adopt=frozenset(adopt or ()), allow_unchecked=allow_unchecked_schemas, command="up"
    )
    if real and preview:
        raise UserError(
            "--preview writes nothing, and --real makes hosts and a cluster: run  up --real  first, then  up --preview"
        )
    if real:
        _make_cluster(loaded)
    _bring_up(loaded, wish, yes=yes, stop=preview)


def _make_cluster(site: Site) -> None:
    from yiyun.operations.hosts import bring_up, cluster

    table = Table("done", "seen", "seconds")
    for shown in bring_up.up(site, reporter()):
        table.add_row(shown.what, shown.seen, f"{shown.seconds:.1f}")
    out.print(table)
    out.print(f"KUBECONFIG of its administrator, inside the lab's network: {cluster.kubeconfig(site)}", markup=False)


def _bring_up(site: Site, wish: "object", *, yes: bool, stop: bool = False) -> None:
    from yiyun.cli.gate import Format, show
    from yiyun.operations.report import summary
    from yiyun.operations.up import GateFailed, Wish
    from yiyun.operations.up import up as bring_up

    assert isinstance(wish, Wish)  # noqa: S101  # keeps pulumi's import out of the start of every command
    try:
        outcome = bring_up(site, wish, lambda plan: _consent(site, plan, yes=yes, stop=stop), reporter())
    except GateFailed as failed:
        show(failed.result, Format.TEXT, all_verdicts=False)
        return
    summary(site, outcome, out)


def _consent(site: Site, plan: Mapping[str, Preview], *, yes: bool, stop: bool) -> None:
    """Show what would be done and ask for consent on a terminal. Raises typer.Exit or UserError to stop."""
    table = Table("stack", *CHANGES, "mend")
    for name, preview in plan.items():
        table.add_row(name, *(str(len(preview.of(operation)) or "") for operation in (*CHANGES, "mend")))
    err.print(table)
    steps = [step for preview in plan.values() for step in preview.steps]
    for verb, operation in (("change", "update"), ("mend", "mend")):
        of = [step for step in steps if step.operation == operation and not step.taken_from]
        for step in of[:SHOWN]:
            err.print(f"  {verb:8} {step.key}: {', '.join(step.changed_paths[:6])}", markup=False)
        if len(of) > SHOWN:
            err.print(f"  {verb:8} and {len(of) - SHOWN} more", markup=False)
    for step in steps:
        if step.taken_from:
            paths = ", ".join(step.changed_paths) or "it is as you wish it"
            err.print(f"  take over {step.key} from {step.taken_from}: {paths}", markup=False, style="bold")
    risky = [step for step in steps if step.operation in {"replace", "delete"}]
    for step in risky:
        err.print(f"  {step.operation:8} {step.key}", markup=False, style="bold red")
    if stop:
        raise typer.Exit(0)
    if yes:
        return
    if sys.stdin.isatty():
        if not typer.confirm(f"Do this on site {site.name}?", err=True):
            raise typer.Exit(1)
    elif risky or not site.spec.lab:
        what = f"{len(risky)} objects would be replaced or deleted" if risky else f"site {site.name} is not a lab"
        raise UserError(f"{what}, and nobody can be asked here: add --yes; nothing was written")


def down(
    site: SiteOption = "lab",
    yes: YesOption = False,
    confirm: Annotated[str, typer.Option(help="NAME of one object that holds data, to delete it for good.")] = "",
) -> None:
    """Delete what a site's stacks made; what holds data stays, in state and cluster, until it is named."""
    from yiyun.operations.down import delete_data, take_down

    loaded = load_site(site)
    if confirm:
        delete_data(loaded, confirm, reporter())
        out.print(
            f"where {loaded.path / 'site.yaml'} still describes it, the next up makes it anew, empty", markup=False
        )
        return
    left = take_down(loaded, lambda plan: _consent(loaded, plan, yes=yes, stop=False), reporter())
    if left.needed:
        kinds = Counter(key.partition("/")[0] for key in left.needed)
        names = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        out.print(f"kept, what holds data needs them: {names}", markup=False)
    for key in left.holds_data:
        out.print(f"kept, it holds data: {key}", markup=False)
    out.print(f"{left.deleted} objects deleted" if left.deleted else "nothing to delete", markup=False)
    if left.holds_data:
        out.print(f"delete one for good:  ./yiyun down --site {site} --confirm NAME", markup=False)


def drift(site: SiteOption = "lab") -> None:
    """Show what differs on the server from what was written, and who changed it; exit 1 when anything does."""
    from yiyun.operations.drift import find_drift

    found = find_drift(load_site(site), reporter())
    if not found:
        out.print("no drift")
        return
    table = Table()
    for column in ("object", "field", "written", "on the server", "changed by", "at", "the next up"):
        table.add_column(column, overflow="fold")
    for drift in found:
        for d in drift.differences:
            table.add_row(d.key, d.path, d.wanted, d.found, d.manager, d.at, drift.outlook)
        for d in drift.added:
            table.add_row(d.key, d.path, d.wanted, d.found, d.manager, d.at, "leaves it")
        if not drift.rows:
            table.add_row(drift.key, "", "", "", drift.stranger, "", drift.outlook)
    out.print(table)
    raise typer.Exit(1)


def rollback(
    to: Annotated[int, typer.Option("--to", help="Number of a recorded update; `up` prints it.")],
    site: SiteOption = "lab",
    yes: YesOption = False,
) -> None:
    """Bring the site back to what it was wished to be at an earlier update. Never deletes data."""
    from yiyun.operations.up import Wish
    from yiyun.operations.updates import find

    loaded = load_site(site)
    update = find(loaded, to)
    err.print(
        f"update {to} of {update.facts['at']} by {update.facts['by']}, commit {update.facts['commit']}", markup=False
    )
    earlier = loaded.at(update.site_directory)
    _bring_up(earlier, Wish(command=f"rollback --to {to}"), yes=yes)
    out.print(f"{loaded.path} still says what is newer: the next up would bring that back; change it too", markup=False)


def import_object(
    kind: Annotated[str, typer.Argument(help="Kind of the object, as Kubernetes spells it.")],
    name: Annotated[str, typer.Argument(help="Name of the object.")],
    namespace: Annotated[str | None, typer.Option("--namespace", "-n")] = None,
    site: SiteOption = "lab",
    yes: YesOption = False,
) -> None:
    """Take over one existing object that site.yaml describes, after showing what would change on it."""
    from yiyun.cli.gate import Format, show
    from yiyun.operations.take_over import take_over
    from yiyun.operations.up import GateFailed

    key = "/".join(part for part in (kind, namespace, name) if part)
    loaded = load_site(site)
    try:
        number = take_over(loaded, key, lambda plan: _consent(loaded, plan, yes=yes, stop=False), reporter())
    except GateFailed as failed:
        show(failed.result, Format.TEXT, all_verdicts=False)
        return
    if number is None:
        out.print(f"{key} is yiyun's own already: nothing to take over", markup=False)
    else:
        out.print(f"{key} is yiyun's own now; update {number}; the next up enters it into the state", markup=False)


def secrets(
    action: Annotated[str, typer.Argument(help="init or rotate", metavar="init|rotate")],
    site: SiteOption = "lab",
    only: Annotated[str | None, typer.Option(help="Renew only this credential.")] = None,
) -> None:
    """Make the site's secrets (encrypted at rest), or renew them, and write them to the cluster."""
    from yiyun.operations import lock, secret_store
    from yiyun.operations.watch import connected

    if action not in {"init", "rotate"}:
        raise UserError(f"secrets {action}: write  secrets init  or  secrets rotate")
    loaded = load_site(site)
    report = reporter()
    with lock.hold(loaded, f"secrets {action}"), connected(loaded, report) as (_, api):
        if action == "init":
            secret_store.ensure(loaded, api, report)
            return
        for credential in secret_store.rotate(loaded, api, only, report):
            out.print(f"renewed {credential}", markup=False)
