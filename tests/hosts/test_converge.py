"""plan and converge on real hosts: every piece of every role's first run, undone, is seen by plan and mended.

The roles of playbooks/hosts.yml run one after the other on a fresh host; what each changed is taken from snapshots of the
host. `YIYUN_TEST_ROLES="base sshd"` chooses some, `all` every one.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator

import breakages
import pytest
from breakages import Breakage, Change
from converging import ROLES, Host, changed, changed_tasks

HOST, OTHER = "lab-az1-02", "lab-az2-02"
ALWAYS_TESTED = ("base", "sysctl", "sshd")
"""Roles whose breakages CI tries; `./yiyun test --full` tries all."""
ROUNDS = (
    *("content", "mode", "owner", "taken out", "removed", "there again", "stopped", "started", "disabled", "enabled"),
    *("unmasked", "unlocked", "set back", "installed again"),
)
"""Kinds of breakages that do not stand in each other's way."""


class Watched(Host):
    """A host, and what each role's first run did to it."""

    def __init__(self, place, name: str) -> None:
        super().__init__(place, name)
        self.done: dict[str, list[Change]] = {}
        self.clean = breakages.snapshot(self.root)

    def first_run(self, role: str) -> None:
        """Run a role for the first time and remember what it changed."""
        self.converge(role)
        assert self.root("id -u") == "0\n", f"the operator's key opens the door no more after role {role}"
        before, self.clean = self.clean, breakages.snapshot(self.root)
        self.done[role] = breakages.changes(before, self.clean)


@pytest.fixture(scope="module")
def adopted(place) -> Iterator:
    place.yiyun("lab", "hosts", "up", "--hosts", f"{HOST},{OTHER}", timeout=1800)
    place.yiyun("hosts", "adopt", "--hosts", f"{HOST},{OTHER}", timeout=600)
    return place


def chosen() -> list[str]:
    """Roles to test, in the order in which they run; base brings the packages of others."""
    words = os.environ.get("YIYUN_TEST_ROLES", " ".join(ALWAYS_TESTED)).split()
    unknown = set(words) - {*ROLES, "all"}
    assert not unknown, f"YIYUN_TEST_ROLES names {unknown}; there are all and {ROLES}"
    return ROLES if words == ["all"] else [role for role in ROLES if role in words]


@pytest.fixture(scope="module")
def hardened(adopted) -> Watched:
    """A host on which each role ran for the first time, one by one, each watched."""
    host = Watched(adopted, HOST)
    for role in chosen():
        host.first_run(role)
    return host


def test_check_mode_of_a_fresh_host_foretells_the_run(adopted) -> None:
    host = Watched(adopted, OTHER)
    tags = ("--tags", ",".join(chosen()))
    foretold = host.playbook(*tags, "--check")
    touched = breakages.changes(host.clean, breakages.snapshot(host.root))
    assert [str(change) for change in touched] == [], "check mode changed something"
    done = host.playbook(*tags)
    assert changed_tasks(foretold) == changed_tasks(done)
    assert changed(foretold) == changed(done) > 0
    assert changed(host.playbook(*tags)) == 0, "the second run changed something"
    assert not host.complaints(chosen())


def test_what_plan_skips_a_full_run_leaves_alone(hardened) -> None:
    assert not hardened.complaints(list(hardened.done))
    assert changed(hardened.playbook("--tags", ",".join(hardened.done))) == 0
    assert "0 need 0 roles" in hardened.converge(*hardened.done)


def test_every_breakage_is_seen_and_mended(hardened, record_testsuite_property, capsys) -> None:
    roles = list(hardened.done)
    todo = [(role, b) for role, done in hardened.done.items() for change in done for b in breakages.breakages(change)]
    assert todo, "the roles changed nothing"
    promised = {
        verdict.subject.removeprefix("package ")
        for role in hardened.plan(roles).roles
        for verdict in role.verdicts
        if verdict.subject.startswith("package ")
    }
    missed: list[str] = []
    seen: Counter[str] = Counter()
    for how in ROUNDS:
        batch = [(role, b) for role, b in todo if b.how.endswith(how) and not excuse(b, promised)]
        if not batch:
            continue
        known = hardened.complaints(roles)
        assert not known, f"before the round {how!r}: {known}"
        for role, breakage in batch:
            hardened.root(breakage.script)
            now = hardened.complaints(roles)
            if any(complaint[0] == role for complaint in now - known):
                seen[role] += 1
            else:
                missed.append(f"{role}: {breakage}")
            known = now
        skipped = [role for role in roles if role not in {complaint[0] for complaint in known}]
        if skipped:
            assert changed(hardened.playbook("--tags", ",".join(skipped))) == 0, "a role that plan skips had work to do"
        if known:
            hardened.converge(*roles)
        left = breakages.changes(hardened.clean, breakages.snapshot(hardened.root))
        assert [f"{c}: {c.before!r} -> {c.after!r}" for c in left] == [], f"round {how!r} was not mended"
    lines = []
    for role in roles:
        mine = [b for r, b in todo if r == role]
        excused = sum(bool(excuse(b, promised)) for b in mine)
        lines.append(
            f"{role}: {len(hardened.done[role])} changes, {len(mine)} breakages, {seen[role]} seen and mended, "
            f"{excused} excused"
        )
    record_testsuite_property("breakages", lines)
    with capsys.disabled():
        sys.stdout.write("\n  " + "\n  ".join(lines) + "\n")
    assert missed == []


def excuse(breakage: Breakage, promised: set[str]) -> str:
    """Why a breakage need not be seen; empty: it must be."""
    change = breakage.change
    if change.kind == "package" and change.name not in promised:
        return "a dependency; apt takes the promised package along when it goes, which is seen"
    return ""
