"""The stacks of this checkout: one directory under stacks/ each.

A stack names the stacks that must be updated before it in the `after:` list of its Pulumi.yaml.
"""

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import yaml

from yiyun.errors import UserError
from yiyun.paths import CHECKOUT

PREFIX = "yiyun-"


@dataclass(frozen=True)
class Project:
    """One Pulumi project. `name` is the directory's name, the Pulumi project is called `yiyun-<name>`."""

    name: str
    directory: Path
    after: tuple[str, ...]

    @property
    def pulumi_name(self) -> str:
        """Name of the Pulumi project, which is part of every URN."""
        return PREFIX + self.name


def projects() -> dict[str, Project]:
    """All stacks in an order in which they can be updated one after another.

    Raises UserError when an `after` names no stack, or the stacks wait for each other in a circle.
    """
    found: dict[str, Project] = {}
    for path in sorted((CHECKOUT / "stacks").glob("*/Pulumi.yaml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        found[path.parent.name] = Project(path.parent.name, path.parent, tuple(content.get("after", ())))
    for project in found.values():
        for before in project.after:
            if before not in found:
                raise UserError(
                    f"{project.directory / 'Pulumi.yaml'}: after names {before!r}; the stacks are {', '.join(found)}"
                )
    try:
        order = list(TopologicalSorter({name: p.after for name, p in found.items()}).static_order())
    except CycleError as error:
        raise UserError(f"stacks wait for each other: {' after '.join(error.args[1])}") from error
    return {name: found[name] for name in order}


def select(names: list[str] | None) -> dict[str, Project]:
    """Return the stacks called `names`, or all, in order. Raises UserError for a name that is no stack."""
    everything = projects()
    for name in names or ():
        if name not in everything:
            raise UserError(f"--stack {name}: no such stack; there are {', '.join(everything)}")
    return {name: project for name, project in everything.items() if not names or name in names}
