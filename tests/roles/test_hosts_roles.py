"""Every role's promises, rendered by yiyun and by Ansible for hosts of several systems: the same, byte by byte."""

import re
from pathlib import Path

import pytest
import yaml
from role_promises import OS_RELEASES, ROLES, given

from yiyun.evidence.hosts import roles
from yiyun.paths import CHECKOUT
from yiyun.site import Site, inventory

CONTAINER = yaml.safe_load((CHECKOUT / "roles/keep/vars/main.yml").read_text())["keep_missing_in_containers"]


@pytest.fixture(scope="module")
def lab() -> tuple[Site, inventory.Inventory]:
    path = CHECKOUT / "inventories" / "lab"
    return Site.load(path), inventory.read(path / "hosts.yaml")


def by_ansible(role: Path, variables: dict) -> tuple[dict, dict]:
    """Promises and file contents as Ansible renders them."""
    from ansible.parsing.dataloader import DataLoader
    from ansible.template import Templar, trust_as_template

    loader = DataLoader()
    merged: dict = {}
    for layer in ("defaults", "given", "vars"):
        if layer == "given":
            merged |= variables
        elif (path := role / layer / "main.yml").exists():
            merged |= loader.load_from_file(str(path), cache="none", trusted_as_template=True) or {}
    templar = Templar(loader, merged)
    promises = templar.template(merged[f"{role.name}_promises"])
    contents = {}
    for file in promises.get("files", []):
        if "template" in file and file.get("when", True):
            inner = templar.copy_with_new_env(
                searchpath=[str(role / "templates"), str(role)], available_variables=merged
            )
            text = trust_as_template((role / "templates" / file["template"]).read_text())
            contents[file["path"]] = inner.template(text, escape_backslashes=False) or ""
    return promises, contents


@pytest.mark.parametrize("os_name", OS_RELEASES)
@pytest.mark.parametrize("lacks", [[], CONTAINER], ids=["machine", "container"])
@pytest.mark.parametrize("role", ROLES.values(), ids=ROLES)
def test_ansible_renders_the_same(role: roles.Role, os_name: str, lacks: list[str], lab) -> None:
    site, listed = lab
    for name in ("lab-az1-01", "lab-az2-03"):
        variables = given(site, name, os_name, lacks)
        ours = role.promised_to(listed.hosts[name].variables, variables)
        promises, contents = by_ansible(role.path, {**listed.values(name), **variables})
        lookup = roles.Variables(role, listed.hosts[name].variables, variables)
        assert lookup(f"{role.name}_promises") == promises
        templates = {file.path for file in ours.promises.files if file.template and file.when}
        assert {path: text for path, text in ours.contents.items() if path in templates} == contents


@pytest.mark.parametrize("role", ROLES.values(), ids=ROLES)
def test_every_variable_is_documented_and_specified(role: roles.Role) -> None:
    specified = yaml.safe_load((role.path / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]
    assert set(specified.get("options", {})) == set(role.defaults)
    for name in [*role.defaults, *role.constants]:
        assert name.startswith(role.name.replace("-", "_") + "_"), name
    text = (role.path / "defaults/main.yml").read_text() if role.defaults else ""
    for block in re.split(r"\n\n+", text.strip()):
        assert not block or block.lstrip("-\n").startswith("#"), f"no comment above: {block.splitlines()[0]}"
