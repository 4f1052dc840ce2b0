"""Cases of rules: tests/unit/rules/<rule_id>/{pass,fail}*.yaml, raw manifests or overrides of the lab's site.yaml.

A failing case begins with `# expect: TEXT`, a part of the message it must bring. A case of a rule of scope `site` is
one mapping `site: {dotted.path: value}`, with `hosts: {NAME: {field: value}}` for those of hosts.yaml (a host of `null` is
taken away); one of scope `host` is what host_cases.py says.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import host_cases
import yaml

from yiyun.compliance.engine import Result, evaluate, judge_host
from yiyun.compliance.facts import make_object
from yiyun.compliance.loader import load_rules
from yiyun.compliance.rule import Rule
from yiyun.evidence.manifests import load
from yiyun.paths import CHECKOUT
from yiyun.site import Site
from yiyun.site.model import Host, SiteSpec

PACK = CHECKOUT / "policies" / "mlps3"
CASES = Path(__file__).parent / "rules"
LAB = CHECKOUT / "inventories" / "lab"


class Case(NamedTuple):
    """One file of one rule."""

    rule: Rule
    file: Path

    @property
    def expected(self) -> str:
        """Part of the message of a failing case, empty for a passing one."""
        first = self.file.read_text().partition("\n")[0]
        return first.removeprefix("# expect: ") if first.startswith("# expect: ") else ""


@cache
def rules() -> dict[str, Rule]:
    return {rule.id: rule for rule in load_rules(PACK)}


def cases(kind: str) -> list[Case]:
    """All passing (`pass`) or failing (`fail`) cases of all rules."""
    return [Case(rule, file) for rule in rules().values() for file in sorted((CASES / rule.id).glob(f"{kind}*.yaml"))]


@cache
def lab() -> Site:
    return Site.load(LAB)


def site_with(overrides: dict[str, Any], hosts: dict[str, dict[str, Any] | None] | None = None) -> Site:
    """The lab with values of site.yaml and of hosts exchanged, unchecked: rules must judge what the loader would refuse, too."""
    spec = json.loads(lab().spec.model_dump_json())
    for path, value in overrides.items():
        *parents, last = path.split(".")
        place: Any = spec
        for part in parents:
            place = place[int(part) if isinstance(place, list) else part]
        place[int(last) if isinstance(place, list) else last] = value
    hosts = hosts or {}
    assert hosts.keys() <= {host.name for host in lab().hosts}
    kept = [(host, hosts.get(host.name, {})) for host in lab().hosts]
    changed = tuple(Host.model_validate(host.model_dump() | change) for host, change in kept if change is not None)
    return Site(lab().path, SiteSpec.model_validate_json(json.dumps(spec)), changed)


def documents(case: Case) -> list[dict[str, Any]]:
    """The objects of a case, as plain data."""
    return [item.data for item in load([case.file]).objects]


def judge(case: Case, objects: list[dict[str, Any]] | None = None, site: Site | None = None) -> Result:
    """Run the case's rule, on other objects than the case's when given."""
    if case.rule.scope == "site":
        content = yaml.safe_load(case.file.read_text())
        return evaluate([case.rule], [], site or site_with(content.get("site", {}), content.get("hosts")))
    if case.rule.scope == "host":
        host = host_cases.host_of(case.file, case.rule.probes)
        return Result({case.rule.id: case.rule}, judge_host([case.rule], host, site or lab()), (), 1)
    found = documents(case) if objects is None else objects
    return evaluate([case.rule], [make_object(item) for item in found], site or lab())
