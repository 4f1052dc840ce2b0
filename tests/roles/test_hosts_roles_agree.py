"""Roles of one host never promise two different things of one object: each run would undo the other's work."""

from collections.abc import Iterator

import pytest
from role_promises import OS_RELEASES, ROLES, given

from yiyun.evidence.hosts.roles import RolePromises
from yiyun.operations.hosts import playbook
from yiyun.paths import CHECKOUT
from yiyun.site import Site, inventory


def claims(role: RolePromises) -> Iterator[tuple[str, object]]:
    """Every object that a role speaks about, with what it says of it."""
    promises = role.promises
    for sysctls in promises.sysctls:
        if sysctls.when:
            yield from ((f"sysctl {key}", value) for key, value in sysctls.settings.items())
    for file in promises.files:
        if file.when and file.path in role.contents:
            yield f"file {file.path}", (role.contents[file.path], file.owner, file.group, file.mode)
    for directory in promises.directories:
        if directory.when:
            yield f"directory {directory.path}", (directory.owner, directory.group, directory.mode)
    for unit in promises.units:
        if unit.when:
            yield from (
                (f"unit {unit.name} {what}", said)
                for what, said in (("enabled", unit.enabled), ("active", unit.active), ("masked", unit.masked or None))
                if said is not None
            )
    yield from ((f"package {name}", True) for name in promises.packages)
    yield from ((f"package {name}", False) for name in promises.absent_packages)
    for path in promises.absent_files:
        yield f"file {path}", "absent"


@pytest.mark.parametrize("os_name", OS_RELEASES)
@pytest.mark.parametrize("shipped", ["lab", "hospital"])
def test_roles_of_a_host_agree(shipped: str, os_name: str) -> None:
    path = CHECKOUT / "inventories" / shipped
    site, listed = Site.load(path), inventory.read(path / "hosts.yaml")
    groups = {name: [] for name in listed.groups}
    kinds_seen = set()
    for host in site.hosts:
        variables = {
            **given(site, host.name, os_name, []),
            "groups": groups,
            "group_names": sorted(listed.hosts[host.name].groups),
        }
        kind = (host.arch, host.cpu_family, host.zone, host.roles)
        if kind in kinds_seen:
            continue
        kinds_seen.add(kind)
        said: dict[str, tuple[str, object]] = {}
        for entry in playbook.entries():
            if entry.always or not playbook.applies(entry, variables):
                continue
            promised = ROLES[entry.role].promised_to(listed.hosts[host.name].variables, variables)
            for subject, claim in claims(promised):
                by, before = said.setdefault(subject, (entry.role, claim))
                assert before == claim, f"{host.name}: roles {by} and {entry.role} differ over {subject}"
