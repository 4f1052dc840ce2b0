"""Checking a whole bundle: who signed it, every file, and that nothing else lies there."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from yiyun.bundle import layout
from yiyun.bundle.manifest import Manifest, parse
from yiyun.bundle.reading import read_own
from yiyun.errors import UserError
from yiyun.signing import tree

SHOW_EVERY_SECONDS = 5.0
Report = Callable[[str], None]


@dataclass(frozen=True)
class Verification:
    """What was found. The bundle is good when there are no problems."""

    problems: tuple[str, ...]
    fingerprint: str
    """Of the key in bundle.pub; empty where there is none."""
    manifest: Manifest | None
    """None where it cannot be read, which is a problem too."""


def verify(directory: Path, trust: Collection[str], report: Report) -> Verification:
    """Compare a bundle with its manifest, and the manifest with its signature by a key of `trust` (fingerprints).

    Every problem is named, also those behind a wrong signature. Raises UserError for a directory that is no bundle,
    and for a signed manifest that this version of yiyun cannot read.
    """
    if not directory.is_dir():
        raise UserError(f"{directory}: is no directory")
    data = read_own(directory, layout.SEAL.manifest)
    problems, fingerprint = layout.SEAL.check(directory, data, trust)
    try:
        manifest = parse(data, str(directory / layout.SEAL.manifest))
    except UserError as error:
        if not problems:
            raise
        return Verification((*problems, str(error)), fingerprint, None)
    return Verification((*problems, *_files(directory, manifest, report)), fingerprint, manifest)


def _files(directory: Path, manifest: Manifest, report: Report) -> list[str]:
    total = sum(file.size for file in manifest.files)
    done = 0
    shown = time.monotonic()

    def progress(size: int) -> None:
        nonlocal done, shown
        done += size
        if time.monotonic() - shown > SHOW_EVERY_SECONDS:
            shown = time.monotonic()
            report(f"{done / 2**20:.0f} of {total / 2**20:.0f} MiB compared")

    report(f"comparing {len(manifest.files)} files, {total / 2**20:.0f} MiB")
    return tree.differences(directory, manifest.files, layout.SEAL.own, progress)
