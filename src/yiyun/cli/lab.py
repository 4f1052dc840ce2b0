"""`./yiyun lab`: the embedded site, a real control plane with simulated nodes."""

import shutil
from typing import Annotated

import typer
from rich.table import Table

from yiyun import toolchain
from yiyun.cli import lab_hosts
from yiyun.cli.console import load_site, out, reporter
from yiyun.errors import UserError
from yiyun.lab.lab import Lab

app = typer.Typer(no_args_is_help=True, help="The embedded control plane: real API server, nodes simulated by kwok.")
app.add_typer(lab_hosts.app, name="hosts")

SiteOption = Annotated[str, typer.Option("--site", "-s", help="Name of a shipped site, or a path.")]
PARTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "kubectl")


@app.command()
def up(
    site: SiteOption = "lab",
    allow_unchecked_schemas: Annotated[
        bool, typer.Option(help="Accept kinds whose CRD no source has; the gate calls them not evaluated otherwise.")
    ] = False,
) -> None:
    """Start the lab, or repair what died. Safe to run again."""
    report = reporter()
    loaded = load_site(site)
    if loaded.on_lab_hosts:
        raise UserError(
            f"{loaded.path / 'site.yaml'}: tier: {loaded.spec.tier}: this lab's cluster runs on real hosts, nothing of it "
            f"is embedded: run  ./yiyun up --real --site {site}"
        )
    lab = Lab(loaded)
    toolchain.ensure(PARTS, report)
    lab.up(report, allow_unchecked=allow_unchecked_schemas)
    out.print(f"ready: export KUBECONFIG={lab.kubeconfig('ops')}", markup=False)


@app.command()
def status(site: SiteOption = "lab") -> None:
    """Name every part and its state; exit 1 unless all run."""
    parts = Lab(load_site(site)).status()
    table = Table("part", "state", "pid", "detail")
    for part in parts:
        table.add_row(part.name, part.state, str(part.pid or ""), part.detail)
    out.print(table)
    if any(part.state != "running" for part in parts):
        raise typer.Exit(1)


@app.command()
def down(site: SiteOption = "lab") -> None:
    """Stop the lab's processes. Its data stay; `lab up` goes on with them."""
    Lab(load_site(site)).down()


@app.command()
def reset(
    site: SiteOption = "lab",
    confirm: Annotated[str, typer.Option(help="The site's name, to say that its lab's data may be deleted.")] = "",
) -> None:
    """Stop the lab and its hosts, and delete everything that it and its ups wrote."""
    from yiyun.lab.hosts import HostLab

    loaded = load_site(site)
    lab = Lab(loaded)
    if confirm != loaded.name:
        out.print(
            f"would stop the lab and its hosts, and delete {loaded.state_dir}; to do it add  --confirm {loaded.name}",
            markup=False,
        )
        raise typer.Exit(1)
    HostLab(loaded).down(reporter())
    lab.reset()
    shutil.rmtree(loaded.state_dir, ignore_errors=True)
