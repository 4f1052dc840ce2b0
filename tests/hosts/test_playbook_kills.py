"""kill -9 of ansible-playbook on two hosts at once, inside the roles that could lock the operator out and in others.

After each: the operator's key opens the door of both hosts, and the next run converges.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import psutil
import pytest
from converging import Host, converge

from yiyun.paths import CHECKOUT

NAMES = ("lab-az2-02", "lab-az2-03")
"""Of one zone, so that one batch of the playbook has both."""
GUARDS = ("yiyun-sshd-guard", "yiyun-firewall-guard")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKPf3wzfVQr1yqnpTd8OqXMWUm9ZcYgrYyJdTkZq3iPS"


def people(**duties: str) -> list[dict[str, object]]:
    return [{"name": name, "duty": duty, "ssh_keys": [KEY]} for name, duty in duties.items()]


@dataclass(frozen=True)
class Moment:
    """Where a run is killed."""

    role: str
    task: str
    variables: dict[str, object] = field(default_factory=dict)
    """Another wish than before, so that the task has work to do."""
    spoil: str = ""
    """Or a script that undoes on each host what the task did. With neither it is the role's first run."""
    nth: int = 1
    """Which of the tasks of this name, when the role has several."""
    seconds: float = 0.3
    """From the task's name in the output to the kill: its module starts within half a second and may be at work later."""

    def __str__(self) -> str:
        return f"{self.role}: {self.task.partition(' : ')[2]}"


def sshd(task: str, grace: int) -> Moment:
    return Moment("sshd", task, {"sshd_login_grace_seconds": grace})


MOMENTS = (
    Moment("base", "keep : Install packages of Debian and its kin", seconds=2.0),
    Moment("sysctl", "keep : Set kernel settings"),
    sshd("sshd : Look for the way back in", 10),
    sshd("keep : Keep directories, files and links", 11),
    sshd("keep : Read the state of units", 12),
    sshd("keep : Check what units are about to read", 13),
    sshd("keep : Arm what would take the change back", 14),
    sshd("keep : Restart or reload units whose files have changed", 15),
    sshd("sshd : Come back through a new connection", 16),
    sshd("sshd : Disarm the guard", 17),
    Moment("password_quality", "keep : Install packages of Debian and its kin", seconds=2.0),
    Moment(
        "password_quality",
        "pam : Put the stack together from profiles",
        spoil="pam-auth-update --package --disable yiyun-history",
        seconds=0.8,
    ),
    Moment(
        "password_quality",
        "pam : Put the stack together from profiles",
        {"password_quality_remembered": 6},
        seconds=1.2,
    ),
    Moment("password_quality", "password_quality : Mend it", {"password_quality_days": 80}),
    Moment("administrators", "keep : Keep accounts", {"administrators_people": people(li="system", wang="audit")}),
    Moment(
        "administrators",
        "keep : Keep directories, files and links",
        {"administrators_people": people(li="system", wang="audit", zhao="security")},
    ),
    Moment(
        "administrators",
        "administrators : Take duties from everybody else",
        {"administrators_people": people(li="audit", wang="system", zhao="security")},
    ),
    Moment("lockout", "keep : Keep directories, files and links"),
    Moment(
        "lockout",
        "pam : Put the stack together from profiles",
        spoil="pam-auth-update --package --disable yiyun-lockout-before yiyun-lockout-failed yiyun-lockout-passed",
        seconds=0.8,
    ),
    Moment(
        "session_timeout", "keep : Restart or reload units whose files have changed", {"session_timeout_seconds": 500}
    ),
    Moment("firewall", "firewall : Arm what would take a first start back"),
    Moment(
        "firewall",
        "keep : Enable, disable, start and stop units",
        spoil="systemctl disable --now yiyun-firewall.service",
        seconds=0.8,
    ),
    Moment("firewall", "keep : Keep directories, files and links", {"firewall_log_per_minute": 11}, nth=3),
    Moment(
        "firewall",
        "keep : Restart or reload units whose files have changed",
        {"firewall_log_per_minute": 12},
        seconds=0.8,
    ),
    Moment("firewall", "firewall : Come back through a new connection", {"firewall_log_per_minute": 13}),
    Moment("firewall", "firewall : Disarm the guard", {"firewall_log_per_minute": 14}),
    Moment("rsyslog", "keep : Restart or reload units whose files have changed", {"rsyslog_retention_days": 200}),
    Moment("file_integrity", "file_integrity : Make the database", seconds=2.0),
)
"""In this order: the first of a role is inside of its first run on these hosts."""


class Pair:
    """Two hosts, and what the site wishes of them."""

    def __init__(self, place) -> None:
        self.place = place
        self.hosts = [Host(place, name) for name in NAMES]
        self.variables = place.directory / "group_vars" / "all.yaml"
        self.wishes: dict[str, object] = {}
        self.shipped = self.variables.read_text(encoding="utf-8")

    def wish(self, variables: dict[str, object]) -> None:
        """Wish this too, from now on."""
        self.wishes |= variables
        lines = [f"{name}: {json.dumps(value)}" for name, value in self.wishes.items()]
        self.variables.write_text("\n".join([self.shipped, *lines, ""]), encoding="utf-8")

    def converge(self, *roles: str) -> None:
        self.place.yiyun(*converge(",".join(NAMES), *roles), timeout=1200)

    def assert_the_key_opens(self) -> None:
        for host in self.hosts:
            assert host.root("id -u") == "0\n", host.name


@pytest.fixture(scope="module")
def pair(place) -> Iterator[Pair]:
    place.yiyun("lab", "hosts", "up", "--hosts", ",".join(NAMES), timeout=1800)
    place.yiyun("hosts", "adopt", "--hosts", ",".join(NAMES), timeout=600)
    return Pair(place)


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_kill_at_any_moment_keeps_the_way_in_and_the_next_run_converges(pair, moment) -> None:
    pair.wish(moment.variables)
    for host in pair.hosts if moment.spoil else ():
        host.root(moment.spoil)
    kill_converge_at(pair, moment)
    pair.assert_the_key_opens()
    pair.converge(moment.role)
    pair.assert_the_key_opens()
    for host in pair.hosts:
        assert not host.complaints([moment.role])
        assert [armed(host, guard) for guard in GUARDS] == [False, False]
        if moment.role == "sshd":
            assert_it_runs_with(host, moment.variables["sshd_login_grace_seconds"])


def assert_it_runs_with(host: Host, grace: object) -> None:
    """sshd has read its file after the last change of it."""
    shown = host.root("sshd -T -C user=yiyun,host=localhost,addr=127.0.0.1")
    assert f"logingracetime {grace}\n" in shown
    written = float(host.root("stat -c %.Z /etc/ssh/sshd_config"))
    last = host.root("journalctl -u ssh --no-pager -o short-unix | grep 'Received SIGHUP' | tail -1")
    assert float(last.split()[0]) > written, "the daemon runs with the old file"


@pytest.mark.parametrize(
    "role, wish", [("sshd", {"sshd_login_grace_seconds": 18}), ("firewall", {"firewall_log_per_minute": 15})]
)
def test_a_killed_run_that_nobody_repeats_is_taken_back_by_the_hosts(pair, role, wish) -> None:
    pair.converge(role)
    pair.wish(wish | {f"{role}_guard_seconds": 20})
    kill_converge_at(pair, Moment(role, f"{role} : Come back through a new connection"))
    end = time.monotonic() + 90
    while any(armed(host, f"yiyun-{role}-guard") for host in pair.hosts):
        assert time.monotonic() < end, "the guard did not go off"
        time.sleep(1)
    pair.assert_the_key_opens()
    assert all(host.complaints([role]) for host in pair.hosts), "nothing was taken back"
    pair.wish({f"{role}_guard_seconds": 120})
    pair.converge(role)
    pair.assert_the_key_opens()
    assert not any(host.complaints([role]) for host in pair.hosts)


def armed(host: Host, guard: str) -> bool:
    return host.root(f"systemctl is-active {guard}.timer || true") == "active\n"


def kill_converge_at(pair: Pair, moment: Moment) -> None:
    """Start a converge of both hosts and kill all of it on this machine, -9, inside the named task."""
    argv = [str(CHECKOUT / "yiyun"), *converge(",".join(NAMES), moment.role), "--site", str(pair.place.directory)]
    env = pair.place.env | {"ANSIBLE_DISPLAY_SKIPPED_HOSTS": "true"}  # without it a task is named when it has ended
    with subprocess.Popen(
        argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as running:
        assert running.stdout is not None
        said, found = [], 0
        try:
            for line in running.stdout:
                said.append(line)
                found += f"TASK [{moment.task}]" in line
                if found == moment.nth:
                    time.sleep(moment.seconds)
                    break
            else:
                pytest.fail(f"task {moment.task!r} did not run:\n{''.join(said)[-3000:]}")
        finally:
            kill_all(running.pid)


def kill_all(pid: int) -> None:
    """Kill a process and all below it; Ansible's workers lead sessions of their own."""
    with suppress(psutil.NoSuchProcess, ProcessLookupError):
        family = psutil.Process(pid).children(recursive=True)
        os.killpg(pid, signal.SIGKILL)
        for process in family:
            with suppress(psutil.NoSuchProcess, ProcessLookupError):
                process.kill()
