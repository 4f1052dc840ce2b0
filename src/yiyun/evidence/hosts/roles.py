"""Roles as `plan` sees them: their promises, rendered for one host, or refused at a file, line and field."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from yiyun.errors import SiteError, UserError
from yiyun.evidence.hosts.promises import Promises
from yiyun.evidence.hosts.templating import Templates
from yiyun.site import document
from yiyun.site.document import Entry, Node

MAX_PROBLEMS = 10
APPLIER = "keep"
"""The role that the others import."""


@dataclass(frozen=True)
class RolePromises:
    """What one role promises of one host."""

    role: str
    promises: Promises
    contents: Mapping[str, str]
    """Path of each promised file that has content, with that content."""


class Role:
    """One directory below roles/."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet; the first use raises UserError for what is not a role with promises."""
        self.path = path
        self.name = path.name
        self.templates = Templates(path / "templates")

    @cached_property
    def defaults(self) -> dict[str, Entry]:
        """Variables of defaults/main.yml."""
        return self._variables("defaults")

    @cached_property
    def constants(self) -> dict[str, Entry]:
        """Variables of vars/main.yml, which beat the inventory's."""
        return self._variables("vars")

    def _variables(self, folder: str) -> dict[str, Entry]:
        path = self.path / folder / "main.yml"
        if not path.exists():
            return {}
        root = document.read(path)
        if root.value is None:
            return {}
        if not isinstance(root.value, dict):
            raise SiteError(f"{root.where}: a file of variables is a mapping; write `name: value` lines")
        return root.value

    def promised_to(self, inventory: Mapping[str, Entry], given: Mapping[str, Any]) -> RolePromises:
        """Render the promises for one host.

        `inventory` holds its merged inventory variables, `given` what yiyun itself gives (yiyun_os, yiyun_host,
        yiyun_site, inventory_hostname). Raises UserError naming role file, line and field.
        """
        key = f"{self.name.replace('-', '_')}_promises"
        entry = self.constants.get(key)
        if entry is None:
            raise UserError(
                f"{document.shown(self.path)}/vars/main.yml:1: {key} is missing; write  {key}: {{}}  where nothing is promised"
            )
        lookup = Variables(self, inventory, given)
        value = lookup.rendered(entry.node, key)
        if not isinstance(value, dict):
            raise SiteError(f"{entry.where}: {key} is not a mapping; docs/roles.md shows what it may hold")
        try:
            promises = Promises.model_validate(value)
        except ValidationError as error:
            raise SiteError(_problems(error, entry, key)) from None
        contents = {}
        for file in promises.files:
            if not file.when:
                continue
            if file.template is not None:
                contents[file.path] = self.templates.file(file.template, lookup)
            elif file.content is not None:
                contents[file.path] = file.content
        return RolePromises(self.name, promises, contents)


class Variables:
    """The variables of one role on one host, each rendered when it is first asked for."""

    def __init__(self, role: Role, inventory: Mapping[str, Entry], given: Mapping[str, Any]) -> None:
        """Precedence as in Ansible: role defaults, inventory, role vars; what yiyun gives is above all."""
        self.role = role
        self.layers = (role.constants, inventory, role.defaults)
        self.known: dict[str, Any] = dict(given)
        self.open: list[str] = []

    def __call__(self, name: str) -> Any:
        """Value of a variable; KeyError when there is none."""
        if name in self.known:
            return self.known[name]
        entry = next((layer[name] for layer in self.layers if name in layer), None)
        if entry is None:
            raise KeyError(name)
        if name in self.open:
            raise UserError(f"{entry.where}: {' -> '.join([*self.open, name])}: these variables contain each other")
        self.open.append(name)
        try:
            self.known[name] = self.rendered(entry.node, name)
        finally:
            self.open.pop()
        return self.known[name]

    def rendered(self, node: Node, name: str) -> Any:
        """Python value of a node with every template in it rendered."""
        if isinstance(node.value, dict):
            return {key: self.rendered(entry.node, name) for key, entry in node.value.items()}
        if isinstance(node.value, list):
            return [self.rendered(item, name) for item in node.value]
        if node.tag == "vault":
            raise UserError(f"{node.where}: {name} is encrypted by Ansible Vault, which plan cannot read")
        if node.tag == "unsafe" or not isinstance(node.value, str):
            return node.text if isinstance(node.value, datetime.date) else node.value
        return self.role.templates.text(node.value, self, f"{node.where}: {name}")


def _problems(error: ValidationError, entry: Entry, key: str) -> str:
    lines = []
    for problem in error.errors()[:MAX_PROBLEMS]:
        line, _, _ = document.nearest(entry.node, problem["loc"])
        field = ".".join([key, *(str(part) for part in problem["loc"])])
        text = problem["msg"].removeprefix("Value error, ")
        found = problem.get("input")
        shown = f" (it is {found!r:.60})" if isinstance(found, str | int | float | bool | None) else ""
        lines.append(f"{entry.node.file}:{line}: {field}: {text}{shown}")
    return "\n".join(lines)


def load(directory: Path) -> dict[str, Role]:
    """All roles below `directory` by name, without the one that applies what the others promise."""
    found = (path for path in sorted(directory.iterdir()) if (path / "tasks").is_dir() and path.name != APPLIER)
    return {path.name: Role(path) for path in found}
