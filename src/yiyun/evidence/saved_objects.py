"""Kubernetes objects that an audit keeps: one JSON file a part, known by its sha256, each object on a line of its own."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from yiyun import files
from yiyun.errors import UserError


def save(path: Path, objects: Iterable[Mapping[str, Any]]) -> str:
    """Write the objects as a JSON list, and return the sha256 of the file."""
    lines = ",\n".join(json.dumps(obj, ensure_ascii=True, sort_keys=True) for obj in objects)
    content = f"[\n{lines}\n]\n".encode()
    files.write(path, content)
    return hashlib.sha256(content).hexdigest()


def load(path: Path, sha256: str) -> list[dict[str, Any]] | None:
    """The objects of a file that `save` wrote; None where it is not the one that was written."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(content).hexdigest() != sha256:
        return None
    found: list[dict[str, Any]] = json.loads(content)
    return found


def index(path: Path, schema: str) -> dict[str, Any]:
    """The JSON object in `path`, of that `schema`. Raises UserError, naming the file, for anything else."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        if about["schema"] != schema:
            raise UserError(f"{path}:1: schema is {about['schema']!r}; this yiyun reads {schema}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}:1: is not what an audit kept: {type(error).__name__}: {error}") from None
    return dict(about)
