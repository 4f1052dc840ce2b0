"""Python packages of the control machine: the wheels of requirements.lock, checked by its hashes."""

import hashlib
import re
import sys
from pathlib import Path

from yiyun import files
from yiyun.bundle import layout
from yiyun.bundle.making.pieces import Made, Piece, Report, Wish
from yiyun.bundle.manifest import Arch
from yiyun.errors import UserError
from yiyun.lab.hosts.command import run
from yiyun.paths import CHECKOUT, cache_dir

LOCK = CHECKOUT / "requirements.lock"
PYTHONS = ("3.11", "3.12", "3.13")
"""What ./yiyun runs on."""
MACHINES: dict[Arch, str] = {"amd64": "x86_64", "arm64": "aarch64"}
GLIBCS = ("2014", "_2_17", "_2_24", "_2_26", "_2_27", "_2_28", "_2_31", "_2_34", "_2_35", "_2_36")
"""Tags of wheels that a Debian 12 (glibc 2.36) can load; pip does not widen what it is asked for."""
SECONDS = 1800.0


def make(wish: Wish, report: Report) -> Made:
    """Wheels for every Python and architecture, each file once."""
    made = Made()
    found: dict[str, Path] = {}
    for arch in wish.arches:
        for python in PYTHONS:
            directory = _directory(arch, python)
            if not directory.is_dir():
                report(f"wheels: downloading those of Python {python} on {arch}")
                try:
                    _download(arch, python, directory)
                except UserError as error:
                    made.lack("wheel", f"requirements.lock for Python {python}", str(error), arch=arch)
                    continue
            found |= {path.name: path for path in directory.glob("*.whl")}
    made.pieces = [_piece(path) for _, path in sorted(found.items())]
    return made


def _directory(arch: Arch, python: str) -> Path:
    content = LOCK.read_bytes() + repr((arch, python, GLIBCS)).encode()
    return cache_dir() / "wheels" / f"{arch}-{python}-{hashlib.sha256(content).hexdigest()[:12]}"


def _download(arch: Arch, python: str, directory: Path) -> None:
    """Fill the directory. Raises UserError with pip's last words."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    command += ["--no-deps", "--only-binary=:all:", "--implementation", "cp", "--python-version", python]
    for glibc in GLIBCS:
        command += ["--platform", f"manylinux{glibc}_{MACHINES[arch]}"]
    with files.whole_directory(directory) as scratch:
        run([*command, "--dest", str(scratch), "--requirement", str(LOCK)], seconds=SECONDS)


def _piece(path: Path) -> Piece:
    """A wheel by the parts of its name: distribution, version, [build,] Python, ABI, platform."""
    name, version, *_, platform = path.stem.split("-")
    machine = re.search(r"_(x86_64|aarch64)$", platform)
    arch: Arch | None = {"x86_64": "amd64", "aarch64": "arm64"}[machine[1]] if machine else None  # type: ignore[assignment]
    return Piece(f"{layout.WHEELS}/{path.name}", path, "wheel", name, version, arch)
