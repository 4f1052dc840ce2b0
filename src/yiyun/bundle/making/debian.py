"""Debian 12 as the machine's apt sees it: the packages that roles promise, and those that `adopt` brings."""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from yiyun.bundle import layout
from yiyun.bundle.making.pieces import Made, Piece, Report, Wish
from yiyun.bundle.manifest import Arch
from yiyun.errors import UserError
from yiyun.lab.hosts import repository, roots, tools
from yiyun.lab.hosts.presentation import OS_PROFILE
from yiyun.site import os_profile

_NAME = re.compile(r"(?P<name>[^_]+)_(?P<version>[^_]+)_(?P<arch>all|amd64|arm64)\.deb")


def make(wish: Wish, report: Report) -> Made:
    """A flat repository for all architectures, and per architecture the packages with Python and sudo.

    The repository has a minimal installation's own packages too: a Debian 12 of any point release can take from it.
    What brings Python leaves them out, so that a first contact upgrades nothing.
    """
    made = Made()
    profile = os_profile.of_name(OS_PROFILE)
    assert profile is not None  # noqa: S101  # a name that os_profile knows
    names = repository.wanted(wish.site, profile, lambda text: made.lack("package", "of a role", text))
    found: dict[str, Path] = {}
    for arch in wish.arches:
        report(f"packages: {len(names)} and what they need, for {arch}")
        with tempfile.NamedTemporaryFile(mode="w", encoding="utf-8", prefix="yiyun-status-") as status:
            try:
                status.write(tools.apt().minimal_status(roots.PACKAGES, arch))
                status.flush()
                found |= _repository_of(names, arch, Path(status.name), made)
                made.pieces += _python(arch, Path(status.name))
            except UserError as error:
                made.lack("package", "all that the roles promise", str(error), arch=arch, os_profile=OS_PROFILE)
    place = layout.packages(OS_PROFILE)
    made.pieces += [_piece(f"{place}/{name}", path, "package") for name, path in sorted(found.items())]
    report(f"packages: listing {len(found)}")
    index = "\n".join(repository.stanza(path) for _, path in sorted(found.items())).encode()
    made.pieces.append(Piece(f"{place}/Packages", index, "index", "Packages", os_profile=OS_PROFILE))
    return made


def _repository_of(names: Sequence[str], arch: Arch, status: Path, made: Made) -> dict[str, Path]:
    absent = repository.unknown(names, arch)
    for name in absent:
        made.lack("package", name, "Debian 12 does not have it", arch=arch, os_profile=OS_PROFILE)
    minimal = re.findall(r"^Package: (\S+)$", status.read_text(encoding="utf-8"), re.MULTILINE)
    wanted = sorted({name for name in names if name not in absent} | set(minimal))
    return {path.name: path for path in repository.closure(wanted, arch, status)}


def _python(arch: Arch, status: Path) -> list[Piece]:
    place = layout.python(OS_PROFILE, arch)
    files = repository.closure(repository.PYTHON, arch, status)
    return [_piece(f"{place}/{path.name}", path, "python", arch) for path in sorted(files)]


def _piece(target: str, path: Path, kind: str, arch: Arch | None = None) -> Piece:
    found = _NAME.fullmatch(path.name)
    if found is None:
        raise UserError(f"{path}: is not named as Debian names packages")
    version = found["version"].replace("%3a", ":")
    own: Arch | None = {"amd64": "amd64", "arm64": "arm64", "all": arch}[found["arch"]]
    return Piece(target, path, "python" if kind == "python" else "package", found["name"], version, own, OS_PROFILE)
