"""A file of pinned SSH host keys, as OpenSSH reads it."""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

RETRY_SECONDS = 0.01


def pinned(path: Path) -> dict[str, str]:
    """Host keys (`type base64`) by every name and address they stand under; of several, the last."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return {}
    found: dict[str, str] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 3 and not line.startswith(("#", "|", "@")):
            found |= dict.fromkeys(words[0].split(","), " ".join(words[1:3]))
    return found


def pin(path: Path, name: str, address: str, key: str) -> None:
    """Pin a host's key (`type base64`) under its name and address, unless one is pinned for either."""
    with _locked(path):
        there = pinned(path)
        if name not in there and address not in there:
            before = path.read_text(encoding="utf-8") if path.exists() else ""
            _replace(path, f"{before}{name},{address} {key}\n")


def unpin(path: Path, names: Iterable[str]) -> None:
    """Forget the keys of these hosts."""
    if not path.exists():
        return
    gone = set(names)
    with _locked(path):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        _replace(path, "".join(line for line in lines if not gone & set((line.split() or [""])[0].split(","))))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep two writers apart by a lock on the directory: no second file lies beside the first.

    It is asked for again and again: in a program whose threads take turns (gevent) a waiting flock would never let the
    one go on that holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(RETRY_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, text: str) -> None:
    handle, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(scratch).chmod(0o644)
    Path(scratch).replace(path)
