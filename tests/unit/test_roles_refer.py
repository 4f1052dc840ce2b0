"""What roles and playbooks say of other roles exists: files of tasks, and no variables that are another role's own."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from yiyun.paths import CHECKOUT

ROLES = CHECKOUT / "roles"
FILES = sorted([*ROLES.glob("*/tasks/*.yml"), *(CHECKOUT / "playbooks").glob("*.yml")])
OWN = {
    name: role.name
    for role in ROLES.iterdir()
    for file in (*role.glob("defaults/*.yml"), *role.glob("vars/*.yml"))
    for name in yaml.safe_load(file.read_text(encoding="utf-8")) or ()
}
"""Variable of a role's defaults and vars -> role."""


def mappings(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping at any depth."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from mappings(inner)


def included(file: Path) -> Iterator[tuple[str, str]]:
    """Role, and file of its tasks without the ending, for each that is taken from another role."""
    for task in mappings(yaml.safe_load(file.read_text(encoding="utf-8"))):
        for key in ("ansible.builtin.include_role", "ansible.builtin.import_role"):
            given = task.get(key)
            if isinstance(given, dict) and "tasks_from" in given:
                names = re.findall(r"'(\w+)'", given["name"]) if "{{" in given["name"] else [given["name"]]
                for name in names:
                    if (ROLES / name).is_dir():
                        yield name, given["tasks_from"].removesuffix(".yml")


@pytest.mark.parametrize("file", FILES, ids=[str(file.relative_to(CHECKOUT)) for file in FILES])
def test_tasks_taken_from_a_role_are_there(file):
    for role, tasks in included(file):
        assert (ROLES / role / "tasks" / f"{tasks}.yml").is_file(), f"{role} has no tasks/{tasks}.yml"


def test_the_tasks_of_both_kinds_of_nodes_are_found():
    assert {role for role, tasks in included(CHECKOUT / "playbooks" / "upgrade.yml") if tasks == "images"} == {
        "kubernetes_control_plane",
        "kubernetes_worker",
    }


@pytest.mark.parametrize("role", sorted(set(OWN.values())))
def test_a_role_reads_no_variable_of_another_role(role):
    """They are known only while that role runs."""
    foreign = {name for name, owner in OWN.items() if owner != role and not name.startswith(f"{role}_")}
    for file in (ROLES / role / "tasks").glob("*.yml"):
        text = file.read_text(encoding="utf-8")
        read = {word for found in re.findall(r"\{\{.*?\}\}", text, re.DOTALL) for word in re.findall(r"\b\w+\b", found)}
        given = {key for task in mappings(yaml.safe_load(text)) for key in task}  # in `vars`, or registered
        assert not (read & foreign) - given, file.name
