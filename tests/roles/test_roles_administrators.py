"""What role administrators lets each duty do."""

import re

import pytest
from role_promises import OS_RELEASES, ROLES, given

from yiyun.evidence.hosts.roles import RolePromises
from yiyun.paths import CHECKOUT
from yiyun.site import Site, inventory

PEOPLE = [
    {"name": "zhang.san", "duty": "system", "ssh_keys": ["ssh-ed25519 AAAA zhang", "ssh-ed25519 BBBB zhang"]},
    {"name": "li-si", "duty": "security", "comment": "李四"},
    {"name": "wang", "duty": "audit"},
]


def promised(os_name: str, **variables: object) -> RolePromises:
    path = CHECKOUT / "inventories" / "lab"
    site, listed = Site.load(path), inventory.read(path / "hosts.yaml")
    known = given(site, "lab-az1-01", os_name, []) | {"administrators_people": PEOPLE} | variables
    return ROLES["administrators"].promised_to(listed.hosts["lab-az1-01"].variables, known)


def commands(sudoers: str, duty: str) -> list[str]:
    found = re.search(rf"^Cmnd_Alias YIYUN_{duty.upper()} = \\\n((?:.*\\\n)*.*)$", sudoers, re.MULTILINE)
    assert found
    return [line.strip().removesuffix("\\").strip().removesuffix(",") for line in found[1].splitlines()]


@pytest.mark.parametrize("os_name", OS_RELEASES)
def test_every_command_is_exact(os_name: str) -> None:
    sudoers = promised(os_name).contents["/etc/sudoers.d/yiyun-administrators"]
    for duty in ("system", "security", "audit"):
        found = commands(sudoers, duty)
        assert len(found) > 5
        for command in found:
            # No wildcards, nothing that sudoers would take for a separator, an absolute path.
            assert re.fullmatch(r"/usr/s?bin/[a-z-]+( [A-Za-z0-9_./@-]+)*", command), command
            assert not re.search(
                r"/(sh|bash|vi|vim|less|su|sudo|env|python3?|perl|awk|find|tee|cp|mv|apt-get|dnf)( |$)", command
            )
        tag = "EXEC" if duty == "system" else "NOEXEC"
        assert f"%yiyun-{duty} ALL=(root) {tag}: YIYUN_{duty.upper()}" in sudoers


def test_the_duties_are_apart() -> None:
    sudoers = promised("debian-12").contents["/etc/sudoers.d/yiyun-administrators"]
    system, security, audit = (set(commands(sudoers, duty)) for duty in ("system", "security", "audit"))
    assert not system & security
    assert not system & audit
    # Both may look at the rules of auditing; neither may change or stop them.
    assert security & audit == {"/usr/sbin/auditctl -l"}
    assert not any("auditd" in command or "sudo" in command for command in system)
    assert "/usr/sbin/faillock --user wang --reset" in security
    changing = re.compile(r"\b(start|stop|restart|reload|reboot|--reset|--expiredate|--lastday)\b")
    assert not [command for command in audit if changing.search(command)]


def test_people_have_their_own_keys_and_one_duty() -> None:
    role = promised("debian-12")
    assert {account.name: account.groups for account in role.promises.accounts} == {
        "zhang.san": ("yiyun-system",),
        "li-si": ("yiyun-security",),
        "wang": ("adm", "systemd-journal", "yiyun-audit"),
    }
    assert role.contents["/home/zhang.san/.ssh/authorized_keys"] == "ssh-ed25519 AAAA zhang\nssh-ed25519 BBBB zhang\n"
    assert role.contents["/home/wang/.ssh/authorized_keys"].strip() == ""
    shown = {item.command: item.equals for item in role.promises.effective if item.equals is not None}
    assert shown["getent group yiyun-audit | cut -d: -f4 | tr , '\\n' | sort | paste -sd,"] == "wang"


@pytest.mark.parametrize(("os_name", "group"), [("debian-12", "sudo"), ("rocky-9", "wheel")])
def test_nobody_is_root_by_the_group_of_the_system(os_name: str, group: str) -> None:
    stock = {"sudo": "%sudo\tALL=(ALL:ALL) ALL", "wheel": "%wheel\tALL=(ALL)\tALL"}[group]
    line = next(line for line in promised(os_name).promises.lines if line.path == "/etc/sudoers" and line.when)
    assert line.line == f"# %{group} ALL=(ALL:ALL) ALL"
    assert re.search(line.match, stock)
    assert not re.search(line.match, "# %wheel\tALL=(ALL)\tNOPASSWD: ALL")
    kept = promised(os_name, administrators_all_powerful_group=True).promises.lines
    assert (
        next(line for line in kept if line.path == "/etc/sudoers" and line.when).line == f"%{group} ALL=(ALL:ALL) ALL"
    )
