"""Writing files that nobody else may read, and that are never half written."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml


def make_dir(path: Path) -> Path:
    """Make a directory for the owner alone (mode 700), with its parents, and return it."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.chmod(0o700)
    return path


def write(path: Path, content: str | bytes, mode: int = 0o600) -> bool:
    """Write `content` unless the file holds it already; say whether it was written.

    The file appears whole or not at all: it is written beside its place and renamed.
    """
    data = content.encode() if isinstance(content, str) else content
    if path.exists() and path.read_bytes() == data:
        path.chmod(mode)
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(scratch).chmod(mode)
        Path(scratch).replace(path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise
    return True


@contextmanager
def whole_directory(directory: Path) -> Iterator[Path]:
    """Yield a scratch directory that becomes `directory` when the block ends well, readable for all.

    `directory` appears whole or not at all; what another program made meanwhile is left.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        yield scratch
        scratch.chmod(0o755)
        if not directory.is_dir():
            scratch.rename(directory)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def link(target: Path, place: Path) -> None:
    """Make `place` a symbolic link to `target`, in one step; what was there before is gone, a directory too."""
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = place.with_name(f".{place.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    fresh.replace(place)


def write_yaml(path: Path, content: Mapping[str, Any]) -> bool:
    """Write one YAML document, mode 600."""
    return write(path, yaml.safe_dump(dict(content), sort_keys=False))


def write_json(path: Path, content: Any) -> bool:
    """Write JSON, mode 600."""
    return write(path, json.dumps(content, indent=1, sort_keys=True) + "\n")
