"""plan and converge on real hosts: every piece of every role's first run, undone, is seen by plan and mended.

The roles of playbooks/hosts.yml run one after the other on a fresh host; what each changed is taken from snapshots of the
host. `-k 'breakages and sshd'` tests one role (those before it run too).
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator

import breakages
import pytest
from breakages import Breakage, Change

from yiyun.operations.hosts import access, playbook
from yiyun.operations.hosts.plan import HostPlan, make_plan
from yiyun.paths import CHECKOUT

HOST, OTHER = "lab-az1-02", "lab-az2-02"
ROLES = [entry.role for entry in playbook.entries() if not entry.always]
ALWAYS_TESTED = ("base", "sysctl", "sshd")
"""Roles whose breakages CI tries; `./yiyun test --full` tries all."""
ROUNDS = (
    *("content", "mode", "owner", "taken out", "removed", "there again", "stopped", "started", "disabled", "enabled"),
    *("unmasked", "unlocked", "set back", "installed again"),
)
"""Kinds of breakages that do not stand in each other's way."""


class Host:
    """One adopted host and what its roles did to it."""

    def __init__(self, place, name: str) -> None:
        self.place, self.name = place, name
        self.done: dict[str, list[Change]] = {}
        self.clean: breakages.Snapshot = {}

    def root(self, script: str) -> str:
        """Run a script as root."""
        return self.place.on(self.name, f"exec sudo -n /bin/sh -c {breakages.shlex.quote(script)}")

    def plan(self, roles: list[str] | None = None) -> HostPlan:
        (plan,) = make_plan(self.place.site, [self.name], roles)
        assert plan.problem is None, plan.problem
        return plan

    def complaints(self, roles: list[str] | None = None) -> set[tuple[str, str, str]]:
        """Every promise that is not kept: role, subject, reason."""
        return {
            (role.role, verdict.subject, verdict.reason)
            for role in self.plan(roles).roles
            for verdict in role.verdicts
            if verdict.state in {"broken", "unknown"}
        }

    def converge(self, *roles: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        chosen = [word for role in roles for word in ("--role", role)]
        return self.place.yiyun("hosts", "converge", "--hosts", self.name, *chosen, code=code, timeout=900)

    def playbook(self, *args: str) -> str:
        """Run plain ansible-playbook on this host; return its output."""
        argv = ["ansible-playbook", "-i", str(self.place.directory), "playbooks/hosts.yml", "--limit", self.name, *args]
        env = (
            self.place.env
            | access.environment(self.place.site)
            | {"PATH": f"{CHECKOUT}/.venv/bin:{os.environ['PATH']}"}
        )
        done = subprocess.run(argv, cwd=CHECKOUT, env=env, capture_output=True, text=True, timeout=1200, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
        return done.stdout

    def first_run(self, role: str) -> None:
        """Run a role for the first time and remember what it changed."""
        before = self.clean or breakages.snapshot(self.root)
        self.converge(role)
        self.clean = breakages.snapshot(self.root)
        self.done[role] = breakages.changes(before, self.clean)


def changed(output: str) -> int:
    """Sum of `changed=` in a recap."""
    found = re.findall(r"changed=(\d+) ", output.split("PLAY RECAP")[-1])
    assert found, output[-2000:]
    return sum(map(int, found))


@pytest.fixture(scope="module")
def adopted(place) -> Iterator:
    place.yiyun("lab", "hosts", "up", "--hosts", f"{HOST},{OTHER}", timeout=1800)
    place.yiyun("hosts", "adopt", "--hosts", f"{HOST},{OTHER}", timeout=600)
    return place


@pytest.fixture(scope="module")
def hardened(adopted) -> Host:
    """A host on which each role ran for the first time, one by one, each watched.

    `YIYUN_TEST_ROLES="base time"` chooses other roles than ALWAYS_TESTED, `all` every one; role base brings the packages.
    """
    host = Host(adopted, HOST)
    chosen = os.environ.get("YIYUN_TEST_ROLES", " ".join(ALWAYS_TESTED)).split()
    for role in ROLES if chosen == ["all"] else [role for role in ROLES if role in chosen]:
        host.first_run(role)
    return host


@pytest.fixture(scope="module")
def ready(adopted) -> Host:
    """Another host, with the roles of ALWAYS_TESTED."""
    host = Host(adopted, OTHER)
    host.converge(*ALWAYS_TESTED)
    return host


def test_check_mode_of_a_fresh_host_foretells_the_run(adopted) -> None:
    host = Host(adopted, OTHER)
    roles = ",".join(ALWAYS_TESTED)
    before = breakages.snapshot(host.root)
    foretold = changed(host.playbook("--tags", roles, "--check"))
    assert [str(c) for c in breakages.changes(before, breakages.snapshot(host.root))] == [], (
        "check mode changed something"
    )
    assert foretold == changed(host.playbook("--tags", roles)) > 0
    assert changed(host.playbook("--tags", roles)) == 0, "the second run changed something"
    assert not host.complaints(list(ALWAYS_TESTED))


def test_what_plan_skips_a_full_run_leaves_alone(hardened) -> None:
    assert not hardened.complaints(list(hardened.done))
    assert changed(hardened.playbook("--tags", ",".join(hardened.done))) == 0
    assert "0 need 0 roles" in hardened.converge(*hardened.done).stderr


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


KILLED_AT = (
    "sshd : Look for the way back in",
    "keep : Keep files with content from a template",
    "keep : Read the state of units",
    "keep : Check what units are about to read",
    "keep : Arm what would take the change back",
    "keep : Restart or reload units whose files have changed",
    "sshd : Come back through a new connection",
    "sshd : Disarm the guard",
)


@pytest.mark.parametrize("moment", KILLED_AT)
def test_kill_at_any_moment_keeps_the_way_in_and_the_next_run_converges(ready, moment) -> None:
    place, grace = ready.place, 10 + KILLED_AT.index(moment)
    variables = place.directory / "group_vars" / "all.yaml"
    kept = variables.read_text()
    variables.write_text(f"{kept}\nsshd_login_grace_seconds: {grace}\n")
    try:
        _kill_converge_at(ready, moment)
        ready.root("true")  # the operator's key still opens the door
        reloads = int(ready.root("journalctl -u ssh --no-pager | grep -c 'Received SIGHUP' || true"))
        ready.converge("sshd")
        assert not ready.complaints(["sshd"])
        assert ready.root("systemctl is-active yiyun-sshd-guard.timer || true").strip() == "inactive"
        shown = ready.root("sshd -T -C user=yiyun,host=localhost,addr=127.0.0.1")
        assert f"logingracetime {grace}" in shown
        written = float(ready.root("stat -c %.Z /etc/ssh/sshd_config"))
        last = ready.root("journalctl -u ssh --no-pager -o short-unix | grep 'Received SIGHUP' | tail -1")
        assert float(last.split()[0]) > written, f"the daemon runs with the old file; {reloads} reloads before"
    finally:
        variables.write_text(kept)


def _kill_converge_at(host: Host, moment: str) -> None:
    """Start a converge and kill everything of it, -9, half a second into the named task."""
    argv = [
        str(CHECKOUT / "yiyun"),
        "hosts",
        "converge",
        "--site",
        str(host.place.directory),
        "--hosts",
        host.name,
        "--role",
        "sshd",
    ]
    with subprocess.Popen(
        argv, env=host.place.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as running:
        assert running.stdout is not None
        try:
            for line in running.stdout:
                if f"TASK [{moment}]" in line:
                    time.sleep(0.2)
                    break
            else:
                pytest.fail(f"task {moment!r} did not run")
        finally:
            os.killpg(running.pid, signal.SIGKILL)
