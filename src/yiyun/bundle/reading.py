"""The bundle that `YIYUN_BUNDLE` names: its signature is checked when it is opened, each file before it is used.

A directory without bundle.json is no bundle: only what is pinned by hashes in this checkout (definitions of crds.lock,
wheels of requirements.lock) is taken from such a one.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from yiyun.bundle import layout
from yiyun.bundle.manifest import LIMIT, File, Manifest, parse
from yiyun.errors import UserError
from yiyun.paths import cache_dir
from yiyun.signing import keys, tree

VARIABLE = "YIYUN_BUNDLE"


@dataclass(frozen=True)
class Bundle:
    """A bundle whose manifest was signed by a trusted key."""

    directory: Path
    manifest: Manifest
    fingerprint: str

    def under(self, place: str) -> list[File]:
        """The listed files below a directory of the bundle."""
        return [file for file in self.manifest.files if file.path.startswith(f"{place}/")]

    def part(self, place: str) -> Path:
        """A directory of the bundle, each file compared with the manifest just now.

        Raises UserError when it is not in the bundle, or when a file is missing, changed or beyond the manifest.
        """
        listed = self.under(place)
        if not listed:
            raise UserError(f"{self.directory}: the bundle has no {place}; make it with  ./yiyun bundle create")
        known = {file.path for file in listed}
        problems = [problem for file in listed if (problem := tree.problem_of(self.directory, file))]
        problems += [
            f"{path}: is not in the manifest" for path, _ in tree.entries(self.directory, place) if path not in known
        ]
        _refuse(self.directory, problems)
        return self.directory / place

    def index_sums(self) -> dict[str, str]:
        """sha256 of the files that list others, by path: with them a host knows that a server gives it this bundle."""
        return {file.path: file.sha256 for file in self.manifest.files if file.kind == "index"}

    def programs(self, arch: str) -> Path:
        """Programs of the control machine in the cache, copied out of the bundle once per content.

        Raises UserError as `part` does.
        """
        listed = self.under(layout.binaries(arch))
        key = hashlib.sha256(repr([(file.path, file.sha256) for file in listed]).encode()).hexdigest()[:16]
        target = cache_dir() / "bundle" / key
        if not target.is_dir():
            source = self.part(layout.binaries(arch))
            target.parent.mkdir(parents=True, exist_ok=True)
            scratch = Path(tempfile.mkdtemp(prefix=f".{key}.", dir=target.parent))
            try:
                for file in listed:
                    copy = scratch / Path(file.path).name
                    shutil.copyfile(source / copy.name, copy)
                    copy.chmod(0o755)
                    # What was read just now is what counts, not what the check had read.
                    _refuse(self.directory, [p for p in [_copy_problem(scratch, file)] if p])
                scratch.chmod(0o755)
                if not target.is_dir():
                    scratch.rename(target)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
        return target


def opened() -> Bundle | None:
    """The bundle of `YIYUN_BUNDLE`; None where it is not set, names no directory, or a directory without bundle.json.

    Raises UserError when the manifest is not signed by a trusted key, or is no manifest.
    """
    named = os.environ.get(VARIABLE)
    if not named or not (Path(named) / layout.SEAL.manifest).exists():
        return None
    directory = Path(named).resolve()
    stamps = tuple((directory / name).stat().st_mtime_ns for name in layout.SEAL.own if (directory / name).exists())
    return _open(directory, stamps, layout.SEAL.trusted())


def unsigned() -> Path | None:
    """The directory of `YIYUN_BUNDLE` where it has no bundle.json."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named and Path(named).is_dir() and not (Path(named) / layout.SEAL.manifest).exists() else None


def open_at(directory: Path, trust: Collection[str]) -> Bundle:
    """Open a bundle. Raises UserError when its manifest is not signed by a trusted key, or is no manifest."""
    data = read_own(directory, layout.SEAL.manifest)
    public = read_own(directory, layout.SEAL.public)
    problem = layout.SEAL.problem_of(public, read_own(directory, layout.SEAL.signature), data, trust)
    if problem:
        raise UserError(f"{directory}: nothing of this bundle is used: {problem}")
    manifest = parse(data, str(directory / layout.SEAL.manifest))
    return Bundle(directory, manifest, keys.fingerprint(keys.parse_public(public, layout.SEAL.public)))


@lru_cache(maxsize=4)
def _open(directory: Path, _stamps: tuple[int, ...], trust: frozenset[str]) -> Bundle:
    return open_at(directory, trust)


def read_own(directory: Path, name: str) -> bytes:
    """A file of the bundle itself. Raises UserError when it cannot be read."""
    try:
        with (directory / name).open("rb") as file:
            return file.read(LIMIT + 1)
    except OSError as error:
        raise UserError(
            f"{directory / name}: cannot be read: {error.strerror}; a bundle is made by  ./yiyun bundle create"
        ) from None


def _copy_problem(scratch: Path, file: File) -> str | None:
    name = Path(file.path).name
    problem = tree.problem_of(scratch, file.model_copy(update={"path": name}))
    return problem and f"{file.path}: changed while it was copied"


def _refuse(directory: Path, problems: list[str]) -> None:
    if problems:
        shown = "\n".join(problems[:10])
        more = f"\nand {len(problems) - 10} more" if len(problems) > 10 else ""
        raise UserError(
            f"{directory}: the bundle is damaged, and nothing of this part is used:\n{shown}{more}\n"
            f"take a fresh copy; all of it is checked by  ./yiyun bundle verify {directory}"
        )
