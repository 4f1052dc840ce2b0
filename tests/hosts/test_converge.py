"""plan and converge on real hosts: every piece of every role's first run, undone, is seen by plan and mended.

The roles of playbooks/hosts.yml run one after the other on a fresh host; what each changed is taken from snapshots of the
host. `YIYUN_TEST_ROLES="base sshd"` chooses some, `all` every one.
"""

import os
import re
import shlex
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import _recording
import breakages
import pytest
from breakages import Breakage, Change
from converging import ROLES, Complaint, Host, changed, changed_tasks

HOST, OTHER = "lab-az1-02", "lab-az2-02"
ALWAYS_TESTED = ("base", "sysctl", "sshd")
"""Roles whose breakages CI tries; `./yiyun test --full` tries all."""
ROUNDS = (
    ("content", "put back", "set back", "stopped", "started", "unmasked"),
    ("mode", "owner", "disabled", "enabled", "unlocked", "taken out"),
    ("removed",),
    ("there again", "installed again"),
)
"""Ends of the names of breakages that are done together, so that a host is read once for many of them. A promise about the
broken thing itself must then complain; what is only noticed by other promises is done again, one by one."""


class Watched(Host):
    """A host, and what each role's first run did to it."""

    def __init__(self, place, name: str) -> None:
        super().__init__(place, name)
        self.done: dict[str, list[Change]] = {}
        self.clean = breakages.snapshot(self.root)

    def first_run(self, role: str) -> None:
        """Run a role for the first time and remember what it changed."""
        self.root(breakages.keep_for(role))
        self.converge(role)
        assert self.root("id -u") == "0\n", f"the operator's key opens the door no more after role {role}"
        before, self.clean = self.clean, breakages.snapshot(self.root)
        self.done[role] = breakages.changes(before, self.clean)
        self.root(breakages.forget_all_but(role, self.done[role]))

    def assert_the_rest_has_no_work(self, roles: list[str], known: set[Complaint]) -> None:
        """What plan skips, a full run leaves alone too."""
        if skipped := [role for role in roles if role not in {role for role, _, _ in known}]:
            assert changed(self.playbook("--tags", ",".join(skipped))) == 0, "a role that plan skips had work to do"

    def assert_clean(self, when: str) -> None:
        """Nothing is broken or different from the time after the last first run."""
        left = breakages.changes(self.clean, breakages.snapshot(self.root))
        assert [f"{c}: {c.before!r} -> {c.after!r}" for c in left] == [], when


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


@dataclass
class Coverage:
    """What became of the changes of one role's first run."""

    changes: int
    breakages: list[Breakage] = field(default_factory=list)
    by_name: int = 0
    """Seen by a promise about the broken thing itself."""
    by_effect: int = 0
    """Seen by another promise of the role, alone on a host where all else is well."""
    excused: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Changes of which no breakage need be seen, by the reason why."""

    def line(self, role: str) -> str:
        excused = "".join(f"; {len(names)} excused: {why}" for why, names in self.excused.items())
        return (
            f"{role}: {self.changes} changes, {len(self.breakages)} breakages, {self.by_name} seen by name, "
            f"{self.by_effect} by effect{excused}"
        )


def test_every_breakage_is_seen_and_mended(hardened, capsys) -> None:
    roles = list(hardened.done)
    excuses = Excuses(hardened)
    covered = {role: Coverage(len(done)) for role, done in hardened.done.items()}
    open_ends = []
    for role, done in hardened.done.items():
        for change in done:
            ways = breakages.breakages(role, change)
            if not ways and (why := excuses.why(role, change)):
                covered[role].excused[why].append(str(change))
            elif not ways:
                open_ends.append(f"{role}: {change}: {change.before!r} -> {change.after!r}")
            for way in ways:
                if why := excuses.why(role, change, way.how):
                    covered[role].excused[why].append(str(way))
                else:
                    covered[role].breakages.append(way)
    indirect: list[tuple[str, Breakage]] = []
    for ends in ROUNDS:
        batch = [(role, b) for role in roles for b in covered[role].breakages if b.how.endswith(ends)]
        if not batch:
            continue
        hardened.root("\n".join(f"( {b.script} ) >/dev/null 2>&1 || echo {shlex.quote(str(b))}" for _, b in batch))
        known = hardened.complaints(roles)
        for role, breakage in batch:
            if breakages.is_seen(breakage, [(subject, reason) for name, subject, reason in known if name == role]):
                covered[role].by_name += 1
            else:
                indirect.append((role, breakage))
        hardened.assert_the_rest_has_no_work(roles, known)
        hardened.converge(*roles)
        hardened.assert_clean(f"after the round {ends}")
    missed = []
    for role, breakage in indirect:
        hardened.root(f"{breakage.script} >/dev/null 2>&1")
        if hardened.complaints([role]):
            covered[role].by_effect += 1
            hardened.converge(role)
        else:
            missed.append(f"{role}: {breakage}")
            hardened.converge(*roles)
    hardened.assert_clean("in the end")
    with capsys.disabled():
        sys.stdout.write("\n  " + "\n  ".join(each.line(role) for role, each in covered.items()) + "\n")
    assert open_ends == [], "changes that nothing undoes, and no reason why"
    assert missed == [], "undone, and no promise of the role noticed"
    if roles == ROLES:
        record(covered)


def record(covered: dict[str, Coverage]) -> None:
    """Write down the coverage of all roles with the commit."""
    _recording.write(
        "role_breakages",
        _recording.machine()
        | {
            "what": "every change of each role's first run, undone on a live host: seen by plan and mended by converge",
            "roles": {
                role: {
                    "changes": each.changes,
                    "breakages": len(each.breakages),
                    "seen_by_name": each.by_name,
                    "seen_by_effect": each.by_effect,
                    "excused": each.excused,
                }
                for role, each in covered.items()
            },
        },
    )


class Excuses:
    """Why a change of a role, or one way to undo it, need not be noticed."""

    def __init__(self, host: Watched) -> None:
        verdicts = [(role.role, verdict) for role in host.plan(list(host.done)).roles for verdict in role.verdicts]
        self.promised = {verdict.subject for _, verdict in verdicts}
        self.not_proven = [(role, v.subject, v.reason) for role, v in verdicts if v.state == "not-proven"]

    def why(self, role: str, change: Change, how: str = "") -> str:
        """The reason; empty: it must be noticed."""
        if change.kind == "package" and f"package {change.name}" not in self.promised:
            return "a dependency: apt takes the promised package along when it goes, which is noticed"
        for name, subject, reason in self.not_proven:
            if name == role and breakages.names(change, subject):
                return f"not proven live: {reason}"
        return next((reason for what, reason in REASONS.items() if re.fullmatch(what, f"{role}: {change}: {how}")), "")


PACKAGES_OWN = (
    "the package's own, made by its scripts when it comes; the role promises the package and what it sets itself"
)
REASONS = {
    r"base: file /usr/local/share/ca-certificates: .*": PACKAGES_OWN,
    r"time: (file /etc/(chrony/chrony\.keys|apparmor\.d/local.*)|(account|password|group) _chrony): .*": PACKAGES_OWN,
    r"\w+: (file /etc/nvme/host(id|nqn)|(account|password|group) uuidd|(enabled|active) uuidd\.socket): .*": PACKAGES_OWN,
    r"\w+: (enabled|active) (nvmefc-boot-connections|nvmf-autoconnect|blk-availability|lvm2-monitor)\.service: .*": PACKAGES_OWN,
    r"\w+: (enabled|active) (dm-event|lvm2-lvmpolld)\.socket: .*": PACKAGES_OWN,
    r"malware_scan: file /etc/(clamav/freshclam\.conf|logrotate\.d/clamav-freshclam|apparmor\.d/local.*): .*": PACKAGES_OWN,
    r"malware_scan: (account|password|group) clamav: .*": PACKAGES_OWN,
    r"service_host: file /etc/default/locale: .*": PACKAGES_OWN,
    r"service_host: file /etc/locale\.gen: (mode|owner|content)": "the package's file, of which the role promises one line",
    r"service_host: file /usr/lib/locale/locale-archive: (mode|owner|content)": (
        "made by locale-gen; the role promises that the locale can be used"
    ),
    r"auditd: file /etc/audit/audit\.rules\.prev: .*": "augenrules keeps the rules of the time before",
    r"file_integrity: file /var/lib/aide/aide\.db\.gz: content": "what it holds is what a person accepted; the role keeps it there",
    r"trusted_boot: file /var/lib/yiyun/trusted-boot: content": (
        "a record of values that change while the host runs; its first line says of which boot, and the log hosts have it too"
    ),
}
"""Expression for `role: change: way to undo it`, and why that is not noticed."""
