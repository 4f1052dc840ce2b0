"""What `converge` would do: which roles would change anything on which host, and why. Reads only."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from yiyun import files, known_hosts
from yiyun.errors import UserError
from yiyun.evidence.hosts import capabilities, judge, probe
from yiyun.evidence.hosts import roles as role_files
from yiyun.evidence.hosts.collect import collect
from yiyun.evidence.hosts.facts import HostFacts
from yiyun.evidence.hosts.given import host_variable, site_variable
from yiyun.evidence.hosts.judge import Verdict
from yiyun.evidence.hosts.probe import Wanted
from yiyun.evidence.hosts.roles import Role, RolePromises
from yiyun.operations.hosts import access, playbook
from yiyun.operations.hosts.adopt import last_failures
from yiyun.paths import CHECKOUT
from yiyun.site import Site, inventory, os_profile
from yiyun.site.inventory import Inventory

Report = Callable[[str], None]
ROLES = CHECKOUT / "roles"


@dataclass(frozen=True)
class RolePlan:
    """One role on one host."""

    role: str
    verdicts: tuple[Verdict, ...]

    @property
    def must_run(self) -> bool:
        """Whether a promise is broken, or could not be judged."""
        return any(verdict.state in {"broken", "unknown"} for verdict in self.verdicts)


@dataclass(frozen=True)
class HostPlan:
    """One host."""

    host: str
    roles: tuple[RolePlan, ...] = ()
    """Every role that the host gets, in the order in which they run."""
    problem: str | None = None
    """Why it could not be read or judged; None when it was."""

    @property
    def needed(self) -> tuple[str, ...]:
        """Roles that must run."""
        return tuple(role.role for role in self.roles if role.must_run)


@dataclass(frozen=True)
class _Identity:
    """What rendering promises needs to know of a host beforehand; kept from the last time that it was read."""

    os_release: str
    os_version: str
    container: str


def make_plan(site: Site, hosts: Collection[str] | None = None, only: Collection[str] | None = None) -> list[HostPlan]:
    """Read the hosts (all by default) once and judge each role (all by default) of each.

    Raises UserError for an unknown host or role, a role that cannot be understood, and a site that was never adopted.
    """
    planner = _Planner(site, only)
    names = [host.name for host in site.hosts if hosts is None or host.name in hosts]
    unknown = set(hosts or ()) - set(names)
    if unknown:
        raise UserError(f"{site.path / 'hosts.yaml'}:1: no host {', '.join(sorted(unknown))}")
    return planner.plan(names)


class _Planner:
    """Renders promises per host; compiled templates and the inventory are shared."""

    def __init__(self, site: Site, only: Collection[str] | None) -> None:
        self.site = site
        self.inventory: Inventory = inventory.read(site.path / "hosts.yaml")
        self.groups = {name: sorted(_members(self.inventory, name)) for name in self.inventory.groups}
        known = role_files.load(ROLES)
        self.entries = [entry for entry in playbook.entries() if not entry.always]
        if only is not None:
            unknown = set(only) - {entry.role for entry in self.entries}
            if unknown:
                have = ", ".join(entry.role for entry in self.entries)
                raise UserError(f"playbooks/hosts.yml has no role {', '.join(sorted(unknown))}; it has {have}")
            self.entries = [entry for entry in self.entries if entry.role in only]
        self.roles: dict[str, Role] = {}
        for entry in self.entries:
            if entry.role not in known:
                raise UserError(f"{entry.where}: there is no directory roles/{entry.role}")
            self.roles[entry.role] = known[entry.role]

    def plan(self, names: Sequence[str]) -> list[HostPlan]:
        """One plan per host, in the order of `names`."""
        read = partial(collect, access.config_file(self.site), access.known_hosts(self.site))
        remembered = self._remembered()
        promises = {name: self._promises(name, remembered[name]) for name in names if name in remembered}
        wanted = {name: _wanted(promises[name]) if name in promises else Wanted() for name in names}
        found = read(wanted)
        identities = {name: _identity(facts) for name, facts in found.items() if facts.problem is None}
        again = [name for name, identity in identities.items() if remembered.get(name) != identity]
        if again:
            # Other promises follow from another OS: what was read may be too little, so these hosts are read again.
            promises |= {name: self._promises(name, identities[name]) for name in again}
            found |= read({name: _wanted(promises[name]) for name in again})
            self._remember(remembered | identities)
        return [self._host(name, found[name], promises.get(name, ())) for name in names]

    def _host(self, name: str, facts: HostFacts, promises: Iterable[RolePromises]) -> HostPlan:
        if facts.problem is not None:
            return HostPlan(name, problem=self._why_unread(name, facts.problem))
        if not os_profile.identify(facts.os_release, facts.os_version).known:
            return HostPlan(name, problem="its operating system is not known to yiyun; see /etc/os-release there")
        lacks = capabilities.lacking(facts.container)
        return HostPlan(name, tuple(RolePlan(each.role, tuple(judge.judge(each, facts, lacks))) for each in promises))

    def _why_unread(self, name: str, problem: str) -> str:
        """What is wrong with a host that cannot be read, and the remedy: of a host that was never adopted, why not."""
        keys = known_hosts.pinned(access.known_hosts(self.site))
        if name not in keys and str(self.site.host(name).address) not in keys:
            problem = "it was never adopted"
        failure = last_failures(self.site).get(name)
        if failure is not None:
            return f"{problem}: adopt failed, since {failure.cause}; {failure.remedy}"
        return f"{problem}; ./yiyun hosts adopt --hosts {name}" if problem == "it was never adopted" else problem

    def _promises(self, name: str, identity: _Identity) -> tuple[RolePromises, ...]:
        profile = os_profile.identify(identity.os_release, identity.os_version)
        if not profile.known:
            return ()
        variables = self.inventory.hosts[name].variables
        given: dict[str, Any] = {
            "inventory_hostname": name,
            "group_names": sorted(self.inventory.hosts[name].groups),
            "groups": self.groups,
            "yiyun_os": profile.model_dump(mode="json"),
            "yiyun_host": host_variable(self.site.host(name)),
            "yiyun_site": site_variable(self.site),
            "yiyun_lacks": capabilities.lacking(identity.container),
        }
        return tuple(
            self.roles[entry.role].promised_to(variables, given)
            for entry in self.entries
            if playbook.applies(entry, given)
        )

    def _remembered(self) -> dict[str, _Identity]:
        try:
            content = json.loads(_memory(self.site).read_text(encoding="utf-8"))
            return {name: _Identity(**fields) for name, fields in content.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _remember(self, identities: Mapping[str, _Identity]) -> None:
        files.make_dir(self.site.state_dir)
        files.write_json(_memory(self.site), {name: vars(identity) for name, identity in identities.items()})


def _memory(site: Site) -> Path:
    return site.state_dir / "host_identities.json"


def _identity(facts: HostFacts) -> _Identity:
    return _Identity(facts.os_release, facts.os_version, facts.container)


def _wanted(promises: Iterable[RolePromises]) -> Wanted:
    return probe.union(each.promises for each in promises)


def _members(listed: Inventory, group: str) -> set[str]:
    if group == "all":
        return set(listed.hosts)
    return {host.name for host in listed.hosts.values() if group in host.groups}


def as_json(site: Site, plans: Iterable[HostPlan]) -> dict[str, Any]:
    """The plan as `yiyun.hosts.plan/1`."""
    return {
        "schema": "yiyun.hosts.plan/1",
        "site": site.name,
        "hosts": {
            plan.host: {
                "problem": plan.problem,
                "needed": list(plan.needed),
                "roles": {
                    role.role: [vars(verdict) for verdict in role.verdicts if verdict.state != "kept"]
                    for role in plan.roles
                },
            }
            for plan in plans
        },
    }


def only_needed(plan: HostPlan) -> HostPlan:
    """The plan without the roles that need not run."""
    return replace(plan, roles=tuple(role for role in plan.roles if role.must_run))
