"""Comparing the files of a bundle with its manifest, without following any link out of it."""

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from yiyun.bundle.manifest import File

BLOCK = 2**20


def problem_of(directory: Path, file: File, progress: Callable[[int], None] = lambda _bytes: None) -> str | None:
    """Why the file of a bundle is not the listed one; None where it is. `progress` gets the bytes that were read."""
    try:
        descriptor = os.open(directory / file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return f"{file.path}: missing"
    except OSError as error:
        if error.errno == errno.ELOOP:
            return f"{file.path}: is a symbolic link; a bundle has none"
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
