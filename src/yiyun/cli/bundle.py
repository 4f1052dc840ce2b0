"""`./yiyun bundle`: the air-gap directory, made, checked, shown."""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.table import Table

from yiyun.cli.console import err, load_site, out, reporter
from yiyun.errors import UserError

if TYPE_CHECKING:
    from yiyun.bundle.manifest import Arch, Manifest, Missing

app = typer.Typer(no_args_is_help=True, help="The air-gap directory: all that a site needs and cannot fetch, signed.")
DirectoryArgument = Annotated[Path, typer.Argument(metavar="DIR", help="Directory of the bundle.")]
SHOWN = 12
"""Names shown of one sort; `list --format json` has all."""


class Format(StrEnum):
    """How a bundle is shown."""

    TEXT = "text"
    JSON = "json"


@app.command()
def create(
    directory: DirectoryArgument,
    site: Annotated[str, typer.Option("--site", "-s", help="Name of a shipped site, or a path.")] = "lab",
    arch: Annotated[
        list[str] | None, typer.Option(help="Architecture: amd64 or arm64 (repeatable). Default: those of the site.")
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(help="Private key, Ed25519 in PEM. Default: this machine's own, made on first use."),
    ] = None,
) -> None:
    """Make the bundle, or complete it. Safe to run again; exit 1 when something that it should bring is missing."""
    from yiyun.bundle import VARIABLE, layout
    from yiyun.bundle.making.create import create as make
    from yiyun.bundle.making.pieces import Wish
    from yiyun.signing import keys

    loaded = load_site(site)
    arches = sorted(set(arch or {host.arch for host in loaded.hosts}))
    for name in arches:
        if name not in layout.ARCHES:
            raise UserError(f"--arch {name}: is no architecture of yiyun; write {' or '.join(layout.ARCHES)}")
    place = directory.expanduser().absolute()
    if place.exists() and not place.is_dir():
        raise UserError(f"{place}: is no directory; name an empty one, or a bundle")
    if key is not None and key.resolve().is_relative_to(place.resolve()):
        raise UserError(f"--key {key}: the private key lies inside of the bundle; keep it where the bundle never goes")
    if os.environ.get(VARIABLE) and Path(os.environ[VARIABLE]).resolve() == place.resolve():
        del os.environ[VARIABLE]  # it is being made: nothing may be taken from it yet
    signer = keys.read_private(key) if key else layout.SEAL.ensure_own()
    created = make(Wish(loaded, cast("tuple[Arch, ...]", tuple(arches)), place), signer, reporter())
    _summarize(created.manifest)
    for word, paths in (
        ("removed, no longer wanted", created.removed),
        ("taken in, put there by people", created.news),
    ):
        if paths:
            out.print(f"{word}: {_some(paths)}", markup=False)
    out.print(f"{created.written} files written; signed by {created.fingerprint}", markup=False)
    out.print(f"check it there with:  ./yiyun bundle verify DIR --key {created.fingerprint}", markup=False)
    if any(not missing.by_design for missing in created.manifest.missing):
        raise typer.Exit(1)


@app.command()
def verify(
    directory: DirectoryArgument,
    key: Annotated[
        str | None,
        typer.Option(
            help="Public key's file, or its fingerprint. Default: YIYUN_BUNDLE_KEY, else whom this machine trusts."
        ),
    ] = None,
) -> None:
    """Compare signature and every file; name each problem; exit 1 when there is any."""
    from yiyun.bundle import layout
    from yiyun.bundle.verify import verify as check

    found = check(directory, layout.SEAL.trusted(key), reporter())
    for problem in found.problems:
        out.print(problem, markup=False)
    if found.problems or found.manifest is None:
        out.print(f"REFUSED: {len(found.problems)} problems", markup=False)
        raise typer.Exit(1)
    size = sum(file.size for file in found.manifest.files)
    out.print(
        f"good: {len(found.manifest.files)} files, {size / 2**20:.0f} MiB, made for {found.manifest.site} on "
        f"{found.manifest.created}, signed by {found.fingerprint}",
        markup=False,
    )


@app.command("list")
def list_files(
    directory: DirectoryArgument,
    output: Annotated[Format, typer.Option("--format", help="Text, or the manifest as JSON.")] = Format.TEXT,
) -> None:
    """Show what a bundle holds and what it lacks, as its manifest says; only `verify` compares."""
    from yiyun.bundle import layout
    from yiyun.bundle.manifest import parse
    from yiyun.bundle.reading import read_own

    data = read_own(directory, layout.SEAL.manifest)
    manifest = parse(data, str(directory / layout.SEAL.manifest))
    if output is Format.JSON:
        sys.stdout.write(data.decode("utf-8"))
        return
    table = Table("kind", "name", "version", "arch", "system", "KiB", "path")
    for column in table.columns:
        column.overflow = "fold"
    for file in manifest.files:
        table.add_row(
            file.kind,
            file.name,
            file.version or "",
            file.arch or "any",
            file.os_profile or "",
            str(-(-file.size // 1024)),
            file.path,
        )
    out.print(table, markup=False)
    _summarize(manifest)


def _summarize(manifest: "Manifest") -> None:
    """Print how much there is of each kind, and by name what is missing."""
    counts = Counter(file.kind for file in manifest.files)
    sizes = Counter[str]()
    for file in manifest.files:
        sizes[file.kind] += file.size
    parts = ", ".join(f"{count} {kind} ({sizes[kind] / 2**20:.0f} MiB)" for kind, count in sorted(counts.items()))
    out.print(f"for {manifest.site}, {' and '.join(manifest.arches)}: {parts}", markup=False)
    by_design = [missing for missing in manifest.missing if missing.by_design]
    groups: dict[tuple[str, str], list[str]] = {}
    for missing in by_design:
        groups.setdefault((missing.place or "", missing.why), []).append(missing.name)
    for (place, why), names in groups.items():
        out.print(f"to be added by you in {place}: {', '.join(names)} ({why})", markup=False)
    for missing in manifest.missing:
        if not missing.by_design:
            err.print(f"MISSING {_named(missing)}: {missing.why}", markup=False, style="red")


def _named(missing: "Missing") -> str:
    words = [missing.kind, missing.name, missing.arch or "", f"of {missing.os_profile}" if missing.os_profile else ""]
    return " ".join(word for word in words if word)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
