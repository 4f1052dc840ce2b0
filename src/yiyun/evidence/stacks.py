"""What the stacks' programs would build, kept in a directory and read again.

<dir>/stacks.json     when; sha256 of every stack's file; what nothing checked and what the API server refused
<dir>/<stack>.json    its objects with their URNs, without secrets
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yiyun import files
from yiyun.errors import UserError
from yiyun.evidence import saved_objects

SCHEMA = "yiyun.stack-evidence/1"
FILE = "stacks.json"


@dataclass(frozen=True)
class StacksRecord:
    """One preview of all stacks."""

    taken: str
    """When, ISO 8601 in UTC."""
    problem: str | None = None
    """Why they could not be previewed; None when they were."""
    stacks: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    """Stack -> URN -> object."""
    unchecked: tuple[str, ...] = ()
    """URNs of objects whose fields nothing checked."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """URN -> why the API server refuses the object."""


def save(directory: Path, kept: StacksRecord) -> None:
    """Write a record below `directory`, which must not hold one."""
    files.make_dir(directory)
    stacks = {
        name: {
            "objects": len(objects),
            "sha256": saved_objects.save(
                directory / f"{name}.json", [{"urn": urn, "object": obj} for urn, obj in objects.items()]
            ),
        }
        for name, objects in kept.stacks.items()
    }
    about = {
        "schema": SCHEMA,
        "taken": kept.taken,
        "problem": kept.problem,
        "stacks": stacks,
        "unchecked": list(kept.unchecked),
        "refused": dict(kept.refused),
    }
    files.write_json(directory / FILE, about)


def load(directory: Path) -> StacksRecord:
    """Read a record. Raises UserError, naming the file, for what is none; altered objects are its problem."""
    path = directory / FILE
    about = saved_objects.index(path, SCHEMA)
    try:
        stacks: dict[str, dict[str, Mapping[str, Any]]] = {}
        for name, entry in about["stacks"].items():
            if not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
                raise ValueError(f"no stack is named {name!r}")
            saved = saved_objects.load(directory / f"{name}.json", entry["sha256"])
            if saved is None:
                return StacksRecord(about["taken"], f"the saved objects of stack {name} have been altered")
            stacks[name] = {each["urn"]: each["object"] for each in saved}
        return StacksRecord(about["taken"], about["problem"], stacks, tuple(about["unchecked"]), dict(about["refused"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}:1: is not the record of stacks: {type(error).__name__}: {error}") from None
