"""The container extension of a pack: `container_extension.yaml`, a second list beside the clauses of GB/T 22239-2019.

Its items come from secondary sources: each names its source and whether somebody compared it with the official print.
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from yiyun.compliance.catalogue import Part, Text
from yiyun.errors import SiteError
from yiyun.site import document
from yiyun.site.validation import model_of


class Item(Part):
    """One requirement."""

    id: Annotated[str, StringConstraints(pattern=r"^container-\d{2}$")]
    """yiyun's own; the standard's clause numbers are not known for sure."""
    requirement_zh: Text
    requirement_en: Text
    source: Text
    """Where it was read."""
    verified: bool
    """Whether it was compared with the official print."""


class Group(Part):
    """Items of one control point."""

    items: Annotated[tuple[Item, ...], Field(min_length=1)]


class Extension(Part):
    """The whole list."""

    points: Annotated[tuple[Group, ...], Field(min_length=1)]

    @property
    def items(self) -> tuple[Item, ...]:
        """All items in order."""
        return tuple(item for group in self.points for item in group.items)


def load_extension(pack_dir: Path | str) -> Extension:
    """Read it. Raises SiteError, its text beginning with `file:line`, when it is not as told or has an id twice."""
    root = document.read(Path(pack_dir) / "container_extension.yaml")
    extension = model_of(root, Extension)
    seen: set[str] = set()
    for p, group in enumerate(extension.points):
        for i, item in enumerate(group.items):
            if item.id in seen:
                line, _, _ = document.nearest(root, ("points", p, "items", i, "id"))
                raise SiteError(f"{root.file}:{line}: {item.id} is written twice; keep one")
            seen.add(item.id)
    return extension
