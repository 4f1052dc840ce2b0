"""Every role is tried by molecule, or docs/roles.md says why not and what tries it."""

import re

import yaml

from yiyun.operations.hosts import playbook
from yiyun.paths import CHECKOUT

ROLES = {path.name for path in (CHECKOUT / "roles").iterdir()}
WITH = {path.parents[2].name for path in (CHECKOUT / "roles").glob("*/molecule/default/molecule.yml")}
PAGE = (CHECKOUT / "docs/roles.md").read_text(encoding="utf-8").partition("## Roles without a molecule scenario")[2]


def test_every_role_that_hardens_hosts_has_a_scenario():
    assert {entry.role for entry in playbook.entries() if not entry.always} == WITH


def test_of_every_other_role_the_page_says_why():
    rows = [line.split("|")[1:-1] for line in PAGE.splitlines() if line.startswith("| `")]
    assert all(len(row) == 3 and all(cell.strip() for cell in row) for row in rows)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row[0])} == ROLES - WITH


def test_scenarios_differ_in_nothing():
    """What they do stands in .config/molecule."""
    for role in WITH:
        path = CHECKOUT / "roles" / role / "molecule/default/molecule.yml"
        assert yaml.safe_load(path.read_text(encoding="utf-8")) == {"scenario": {"name": "default"}}
