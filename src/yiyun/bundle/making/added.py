"""What people put into a bundle because nobody can fetch it here: packages of systems other than Debian 12."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from yiyun.bundle import layout
from yiyun.bundle.making.pieces import Made, Piece, Report, Wish
from yiyun.bundle.manifest import Arch, Kind
from yiyun.lab.hosts.presentation import OS_PROFILE
from yiyun.signing import tree
from yiyun.signing.seal import PARTIAL
from yiyun.site import os_profile

_DEB = re.compile(r"(?P<name>[^_]+)_(?P<version>[^_]+)_(?P<arch>all|amd64|arm64)")
_RPM = re.compile(r"(?P<name>.+)-(?P<version>[^-]+-[^-]+)\.(?P<arch>noarch|x86_64|aarch64)")
_ARCHES: dict[str, Arch] = {"amd64": "amd64", "x86_64": "amd64", "arm64": "arm64", "aarch64": "arm64"}
_INDEXES = {
    "deb": ("Packages", "apt-ftparchive packages . > Packages"),
    "rpm": ("repodata/repomd.xml", "createrepo_c ."),
}


def make(wish: Wish, report: Report) -> Made:
    """Every file that lies where people put packages. A repository without its list is lacking, by name."""
    del report
    made = Made()
    for top, kind in ((layout.PACKAGES, "package"), (layout.PYTHON, "python")):
        for path, regular in tree.entries(wish.directory, top):
            name = PurePosixPath(path).parts[1]
            if regular and name != OS_PROFILE and not PurePosixPath(path).name.startswith(PARTIAL):
                made.pieces.append(
                    _piece(wish.directory / path, path, name, "package" if kind == "package" else "python")
                )
    known = {piece.path for piece in made.pieces}
    for name, place in _repositories(made.pieces):
        profile = os_profile.of_name(name)
        index, command = _INDEXES["deb" if profile and profile.package_family == "deb" else "rpm"]
        if f"{place}/{index}" not in known:
            made.lack("index", index, f"run  {command}  in {wish.directory / place}", os_profile=name)
    return made


def _repositories(pieces: list[Piece]) -> Iterator[tuple[str, str]]:
    """Operating systems of which there are packages, with their directories."""
    for name in sorted({piece.os_profile for piece in pieces if piece.kind == "package" and piece.os_profile}):
        yield name, layout.packages(name)


def _piece(source: Path, path: str, name: str, kind: Kind) -> Piece:
    stem, suffix = source.stem, source.suffix
    found = {".deb": _DEB, ".rpm": _RPM}[suffix].fullmatch(stem) if suffix in {".deb", ".rpm"} else None
    if found is None:
        return Piece(path, source, "index", source.name, os_profile=name, added=True)
    arch = _ARCHES.get(found["arch"])
    return Piece(path, source, kind, found["name"], found["version"].replace("%3a", ":"), arch, name, added=True)
