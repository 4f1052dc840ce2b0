"""`./yiyun bundle create`: brings a directory to what a site needs, lists it, signs the list.

A run that was killed is gone on with: files appear whole, and those that are as they should be are left alone. The
signature comes last, so that an unfinished bundle is never taken for a good one.
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from yiyun.bundle import layout
from yiyun.bundle.making import added, binaries, by_design, debian, definitions, nodes, wheels
from yiyun.bundle.making.pieces import Made, Piece, Report, Wish
from yiyun.bundle.manifest import SCHEMA, File, Manifest, Missing, dump, parse
from yiyun.bundle.reading import open_at, read_own
from yiyun.errors import UserError
from yiyun.signing import keys, tree
from yiyun.signing.seal import PARTIAL

PARTS: dict[str, Callable[[Wish, Report], Made]] = {
    "definitions": definitions.make,
    "wheels": wheels.make,
    "packages of Debian 12": debian.make,
    "packages of other systems": added.make,
    "programs and images of hosts": nodes.make,
    "programs of the control machine": binaries.make,
}
SHOW_EVERY_SECONDS = 10.0
BLOCK = 2**20


@dataclass(frozen=True)
class Created:
    """What a run did."""

    manifest: Manifest
    fingerprint: str
    written: int
    """Files that were not there as they should be."""
    removed: tuple[str, ...]
    """Files of an earlier bundle that this one no longer has."""
    news: tuple[str, ...]
    """Files of people's that the last manifest does not list as they are now."""


def create(wish: Wish, key: Ed25519PrivateKey, report: Report) -> Created:
    """Make or complete the bundle in `wish.directory`.

    What could not be brought stands in the manifest as missing. Raises UserError for a directory that holds something
    else, and where another run works on it.
    """
    directory = wish.directory
    directory.mkdir(parents=True, exist_ok=True)
    with _alone(directory):
        before = _before(directory, key)
        _refuse_strange(directory)
        _clear_partial(directory)
        made = Made()
        for number, (name, part) in enumerate(PARTS.items(), start=1):
            report(f"{name} ({number} of {len(PARTS)})")
            made.add(part(wish, report))
        files, written = _put_all(directory, made.pieces, report)
        planned = {file.path for file in files}
        removed = _remove_stale(directory, before, planned)
        strange = [path for path, _ in tree.entries(directory) if path not in planned and path not in layout.SEAL.own]
        if strange:
            raise UserError(
                f"{directory}: neither made by yiyun nor in a place for what people add: {', '.join(strange[:10])}\n"
                "take it away, or see docs/bundle.md for where it goes; nothing was signed"
            )
        missing = (*made.missing, *by_design.missing(wish, made.pieces))
        manifest = _manifest(wish, files, missing)
        known = before.by_path() if before else {}
        news = tuple(file.path for file in manifest.files if file.added and known.get(file.path) != file)
        manifest = _sign(directory, manifest, before, key)
    fingerprint = keys.fingerprint(key.public_key())
    return Created(manifest, fingerprint, written, tuple(removed), news)


def _manifest(wish: Wish, files: list[File], missing: Sequence[Missing]) -> Manifest:
    content = {
        "schema": SCHEMA,
        "site": wish.site.name,
        "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "arches": wish.arches,
        "files": sorted(files, key=lambda file: file.path),
        "missing": missing,
    }
    return Manifest.model_validate(content)


def _before(directory: Path, key: Ed25519PrivateKey) -> Manifest | None:
    """The manifest of an earlier run with this key; None where there is none that counts."""
    try:
        return open_at(directory, {keys.fingerprint(key.public_key())}).manifest
    except UserError:
        return None


def _refuse_strange(directory: Path) -> None:
    """Nothing is ever written or removed in a directory that is something else."""
    strange = sorted({path.name for path in directory.iterdir()} - {*layout.TOP, *layout.SEAL.own})
    strange = [name for name in strange if not name.startswith(PARTIAL)]
    if strange:
        raise UserError(
            f"{directory}: holds {', '.join(strange[:5])}, which is no part of a bundle; name an empty directory"
        )
    links = [path for path, regular in tree.entries(directory) if not regular]
    if links:
        raise UserError(f"{directory / links[0]}: is a link or no regular file; a bundle holds plain files only")


def _clear_partial(directory: Path) -> None:
    """Delete what a killed run was writing."""
    for path, _ in tree.entries(directory):
        if PurePosixPath(path).name.startswith(PARTIAL):
            (directory / path).unlink()


def _put_all(directory: Path, pieces: list[Piece], report: Report) -> tuple[list[File], int]:
    """Put every piece in its place; returns the entries of the manifest, and how many files were written."""
    entries: dict[str, File] = {}
    written = 0
    shown = time.monotonic()
    for number, piece in enumerate(pieces, start=1):
        if piece.path in entries:
            raise UserError(
                f"{directory / piece.path}: two parts of the bundle claim this file; take away what was added"
            )
        entries[piece.path], fresh = _put(directory, piece)
        written += fresh
        if time.monotonic() - shown > SHOW_EVERY_SECONDS:
            shown = time.monotonic()
            report(f"{number} of {len(pieces)} files in place, {written} of them new")
    return list(entries.values()), written


def _put(directory: Path, piece: Piece) -> tuple[File, bool]:
    target = directory / piece.path
    if isinstance(piece.source, bytes):
        file = piece.listed(hashlib.sha256(piece.source).hexdigest(), len(piece.source))
    else:
        with piece.source.open("rb") as source:
            file = piece.listed(hashlib.file_digest(source, "sha256").hexdigest(), os.fstat(source.fileno()).st_size)
    if piece.added or tree.problem_of(directory, file) is None:
        return file, False
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f"{PARTIAL}{target.name}")
    digest = hashlib.sha256()
    with scratch.open("wb") as out:
        for block in _blocks(piece.source):
            digest.update(block)
            out.write(block)
    if digest.hexdigest() != file.sha256:
        raise UserError(f"{piece.path}: its source changed while it was copied; run again")
    scratch.chmod(0o755 if piece.kind == "binary" else 0o644)
    scratch.replace(target)
    return file, True


def _blocks(source: Path | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    with source.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def _remove_stale(directory: Path, before: Manifest | None, planned: set[str]) -> list[str]:
    """Remove what an earlier run brought and this one does not: only files that are as that run left them."""
    removed = []
    for file in before.files if before else ():
        if not file.added and file.path not in planned and tree.problem_of(directory, file) is None:
            (directory / file.path).unlink()
            removed.append(file.path)
    return removed


def _sign(directory: Path, manifest: Manifest, before: Manifest | None, key: Ed25519PrivateKey) -> Manifest:
    """Write manifest, key and signature. One that says the same as before stays as it is, with its date."""
    if before is not None and before.model_copy(update={"created": manifest.created}) == manifest:
        return before
    data = dump(manifest)
    parse(data, str(directory / layout.SEAL.manifest))  # what is signed can be read
    layout.SEAL.sign(directory, data, key)
    return parse(read_own(directory, layout.SEAL.manifest), str(directory / layout.SEAL.manifest))


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Keep two runs on one directory apart. Raises UserError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"{directory}: another  ./yiyun bundle create  works on it; wait for its end") from None
        yield
    finally:
        os.close(descriptor)
