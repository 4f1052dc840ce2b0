"""`./yiyun lab hosts`: the site's hosts as real systemd machines. Needs root."""

import os
from typing import Annotated

import typer
from rich.table import Table

from yiyun.cli.console import load_site, out, reporter
from yiyun.site.selection import select

app = typer.Typer(no_args_is_help=True, help="The site's hosts as real systemd machines in a network of their own.")

SiteOption = Annotated[str, typer.Option("--site", "-s", help="Name of a shipped site, or a path.")]
HostsOption = Annotated[
    str, typer.Option("--hosts", help="Only these: names, globs, zones, roles, CPU families, comma-separated.")
]


@app.command()
def up(site: SiteOption = "lab", hosts: HostsOption = "all") -> None:
    """Boot the hosts, or repair what was killed. Hosts that run are left alone. Safe to run again."""
    from yiyun.lab.hosts import HostLab
    from yiyun.operations.hosts import access

    loaded = load_site(site)
    lab = HostLab(loaded)
    lab.up(reporter(), [host.name for host in select(loaded, hosts)])
    access.write_config(loaded)
    out.print(f"root password of bare hosts: {lab.password_file}", markup=False)
    out.print(f"next: ./yiyun hosts adopt --site {site}", markup=False)


@app.command()
def status(site: SiteOption = "lab") -> None:
    """Name every host, its state, address, architecture and what it only presents; exit 1 unless all run."""
    from yiyun.lab.hosts import HostLab

    lab = HostLab(load_site(site))
    listed = lab.status()
    table = Table("host", "state", "address", "runs", "presented chip", "detail")
    for host in listed:
        runs = f"{host.arch} (emulated)" if host.emulated else host.arch
        table.add_row(host.name, host.state, host.address, runs, host.presented or "its own", host.detail)
    out.print(table)
    lacking = [f"{name} ({limit.seen})" for name, limit in lab.limits().items() if not limit.shown]
    if lacking:
        out.print(f"not shown by these hosts: {'; '.join(lacking)}", markup=False)
    if any(host.state != "running" for host in listed):
        raise typer.Exit(1)


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def ssh(
    name: Annotated[str, typer.Argument(help="Name of a host.")],
    command: Annotated[list[str] | None, typer.Argument(help="Command to run there, after --.")] = None,
    site: SiteOption = "lab",
) -> None:
    """Log in on a host: as the management user once it has one, before that as root."""
    from yiyun.lab.hosts import HostLab

    argv = [*HostLab(load_site(site)).ssh_argv(name), *(command or ())]
    os.execvp(argv[0], argv)  # noqa: S606  # the terminal belongs to ssh now


@app.command()
def down(site: SiteOption = "lab", hosts: HostsOption = "all") -> None:
    """Take hosts down and delete their disks; with the last one everything that the lab made on this machine."""
    from yiyun.lab.hosts import HostLab

    loaded = load_site(site)
    names = None if hosts == "all" else [host.name for host in select(loaded, hosts)]
    HostLab(loaded).down(reporter(), names)
