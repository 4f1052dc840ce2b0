"""Adopted hosts of the lab that tests run roles on: by yiyun and by plain Ansible, each time through new connections."""

import os
import re
import shlex
import subprocess
from collections.abc import Collection

from yiyun.operations.hosts import access, playbook
from yiyun.operations.hosts.plan import HostPlan, make_plan
from yiyun.paths import CHECKOUT

ROLES = [entry.role for entry in playbook.entries() if not entry.always]
"""Every role of playbooks/hosts.yml, in the order in which they run."""
Complaint = tuple[str, str, str]
"""A promise that is not kept: role, subject, reason."""


class Host:
    """One adopted host."""

    def __init__(self, place, name: str) -> None:
        self.place, self.name = place, name

    def root(self, script: str) -> str:
        """Run a script as root, let in by the operator's key through a connection of its own."""
        return self.place.on(self.name, f"exec sudo -n /bin/sh -c {shlex.quote(script)}")

    def plan(self, roles: Collection[str] | None = None) -> HostPlan:
        (plan,) = make_plan(self.place.site, [self.name], roles)
        assert plan.problem is None, plan.problem
        return plan

    def complaints(self, roles: Collection[str] | None = None) -> set[Complaint]:
        """Every promise that is not kept."""
        return {
            (role.role, verdict.subject, verdict.reason)
            for role in self.plan(roles).roles
            for verdict in role.verdicts
            if verdict.state in {"broken", "unknown"}
        }

    def converge(self, *roles: str) -> str:
        """Run `./yiyun hosts converge`; return what it reported."""
        return str(self.place.yiyun(*converge(self.name, *roles), timeout=1200).stderr)

    def playbook(self, *args: str) -> str:
        """Run plain ansible-playbook on this host; return its output."""
        return play(self.place, "--limit", self.name, *args)


def converge(hosts: str, *roles: str) -> list[str]:
    """Arguments of ./yiyun that converge hosts (names with commas) on some roles, all by default."""
    return ["hosts", "converge", "--hosts", hosts, *(word for role in roles for word in ("--role", role))]


def play(place, *args: str, timeout: float = 1800) -> str:
    """Run plain ansible-playbook with playbooks/hosts.yml; return its output. Fails unless it ends with 0."""
    argv = ["ansible-playbook", "-i", str(place.directory), "playbooks/hosts.yml", *args]
    env = place.env | access.environment(place.site) | {"PATH": f"{CHECKOUT}/.venv/bin:{os.environ['PATH']}"}
    done = subprocess.run(argv, cwd=CHECKOUT, env=env, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    return done.stdout


def recap(output: str, word: str = "changed") -> dict[str, int]:
    """The count of `word` (changed, failed, ...) by host, as the end of ansible-playbook's output says."""
    lines = output.split("PLAY RECAP")[-1].splitlines()[1:]
    return {line.split()[0]: int(found[1]) for line in lines if (found := re.search(rf"{word}=(\d+) ", line))}


def changed(output: str) -> int:
    """Sum of `changed=` in a recap."""
    counts = recap(output)
    assert counts, output[-2000:]
    return sum(counts.values())


def changed_tasks(output: str) -> list[str]:
    """Names of the tasks that changed something, in the order of the run."""
    found: list[str] = []
    task = ""
    for line in output.splitlines():
        if line.startswith("TASK ["):
            task = line[6:].rpartition("]")[0]
        elif line.startswith("changed: ") and task:
            found.append(task)
            task = ""
    return found
