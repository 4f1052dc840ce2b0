"""Which roles a host gets: read from the plays of playbooks/hosts.yml, the one place that says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yiyun.errors import SiteError
from yiyun.evidence.hosts.templating import Templates
from yiyun.paths import CHECKOUT
from yiyun.site import document
from yiyun.site.document import Node

HOSTS_PLAYBOOK = CHECKOUT / "playbooks" / "hosts.yml"


@dataclass(frozen=True)
class RoleEntry:
    """One role of a play."""

    role: str
    conditions: tuple[str, ...]
    """Its `when`: plain Jinja over `needed`, `group_names`, `yiyun_os`, `yiyun_host`, `yiyun_site`, `yiyun_lacks`."""
    always: bool
    """Tagged `always`: it runs whatever is chosen, and has no promises of its own."""
    where: str


def entries(path: Path = HOSTS_PLAYBOOK) -> tuple[RoleEntry, ...]:
    """Roles in the order in which they run. Raises SiteError for a role entry that cannot be understood."""
    found = []
    for play in document.read(path).value or []:
        roles = play.value.get("roles") if isinstance(play.value, dict) else None
        found += [_entry(node) for node in (roles.node.value if roles else [])]
    return tuple(found)


def _entry(node: Node) -> RoleEntry:
    content = document.plain(node)
    if not isinstance(content, dict) or not isinstance(content.get("role"), str):
        raise SiteError(f"{node.where}: write a role as  {{role: NAME, tags: [NAME], when: \"'NAME' in needed\"}}")
    role, tags, when = content["role"], _listed(content.get("tags")), _listed(content.get("when"))
    always = "always" in tags
    if not always and (tags != [role] or f"'{role}' in needed" not in when):
        raise SiteError(
            f"{node.where}: role {role} needs  tags: [{role}], when: \"'{role}' in needed\"  so that it can be run alone"
        )
    return RoleEntry(role, tuple(map(str, when)), always, node.where)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


_CONDITIONS = Templates(CHECKOUT / "playbooks")


def applies(entry: RoleEntry, variables: Mapping[str, Any]) -> bool:
    """Whether a host with these variables gets the role in a full run. Raises UserError for an unknown variable."""
    known = {**variables, "needed": [entry.role]}
    return all(
        _CONDITIONS.text(f"{{{{ true if {condition} else false }}}}", known.__getitem__, entry.where)
        for condition in entry.conditions
    )
