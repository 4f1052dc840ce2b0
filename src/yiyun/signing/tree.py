"""Comparing the files of a directory with a list of them, without following any link out of it."""

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Protocol

BLOCK = 2**20


class Listed(Protocol):
    """A file as a manifest lists it."""

    @property
    def path(self) -> str:
        """Relative to the directory, with slashes."""

    @property
    def sha256(self) -> str:
        """Of the whole file, lower-case hex."""

    @property
    def size(self) -> int:
        """Bytes."""


def ignored(_bytes: int) -> None:
    """Progress that nobody looks at."""


def differences(
    directory: Path, listed: Iterable[Listed], own: Collection[str], progress: Callable[[int], None] = ignored
) -> list[str]:
    """What in a directory is not as listed: files that are missing, altered, or more than the list and `own` name."""
    listed = tuple(listed)
    problems = [problem for file in listed if (problem := problem_of(directory, file, progress)) is not None]
    names = {file.path for file in listed}
    for path, regular in entries(directory):
        if path in own:
            if not regular:
                problems.append(f"{path}: is no regular file; links are not followed")
        elif path not in names:
            problems.append(f"{path}: is not in the manifest")
    return problems


def problem_of(directory: Path, file: Listed, progress: Callable[[int], None] = ignored) -> str | None:
    """Why a file is not the listed one; None where it is. `progress` gets the bytes that were read."""
    try:
        descriptor = os.open(directory / file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return f"{file.path}: missing"
    except OSError as error:
        if error.errno == errno.ELOOP:
            return f"{file.path}: is a symbolic link; links are not followed"
        return f"{file.path}: cannot be read: {error.strerror}"
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        return f"{file.path}: is no regular file"
    with os.fdopen(descriptor, "rb") as opened:
        if status.st_size != file.size:
            return f"{file.path}: has {status.st_size} bytes instead of {file.size}"
        digest = hashlib.sha256()
        while block := opened.read(BLOCK):
            digest.update(block)
            progress(len(block))
    if digest.hexdigest() != file.sha256:
        return f"{file.path}: has another content (sha256 {digest.hexdigest()} instead of {file.sha256})"
    return None


def entries(directory: Path, below: str = "") -> Iterator[tuple[str, bool]]:
    """Everything below a directory that is no directory, by path relative to it, sorted; and whether it is a regular file."""
    for folder, names, files in os.walk(directory / below, followlinks=False):
        names.sort()
        place = Path(folder)
        links = [name for name in names if (place / name).is_symlink()]
        for name in sorted([*files, *links]):
            path = place / name
            yield path.relative_to(directory).as_posix(), stat.S_ISREG(path.lstat().st_mode)
