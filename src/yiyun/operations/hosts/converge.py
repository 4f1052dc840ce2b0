"""Runs, through Ansible, only the roles that would change anything, only where they would, and reads again."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from yiyun import files
from yiyun.errors import UserError
from yiyun.operations import lock
from yiyun.operations.hosts import access
from yiyun.operations.hosts.plan import HostPlan, make_plan
from yiyun.operations.hosts.playbook import HOSTS_PLAYBOOK
from yiyun.paths import CHECKOUT
from yiyun.site import Site

Report = Callable[[str], None]


@dataclass(frozen=True)
class Converged:
    """What came of a converge."""

    before: list[HostPlan]
    after: list[HostPlan]
    """Only of hosts on which roles were run; empty in check mode."""
    ran: bool
    """Whether Ansible was started."""
    status: int
    """Exit status of ansible-playbook; 0 when it was not started."""

    @property
    def done(self) -> bool:
        """Whether every host could be read, and nothing is left to do."""
        last = {plan.host: plan for plan in (*self.before, *self.after)}
        return self.status == 0 and not any(plan.problem or plan.needed for plan in last.values())


def converge(
    site: Site,
    report: Report,
    hosts: Collection[str] | None = None,
    only: Collection[str] | None = None,
    *,
    check: bool = False,
) -> Converged:
    """Bring the hosts to what their roles promise. With `check` Ansible only says what it would change.

    Raises UserError as `make_plan` does, and when another operation runs on this site.
    """
    with lock.hold(site, "hosts converge"):
        before = make_plan(site, hosts, only)
        needed = {plan.host: list(plan.needed) for plan in before if plan.needed}
        report(f"{len(before)} hosts read; {len(needed)} need {sum(map(len, needed.values()))} roles")
        if not needed:
            return Converged(before, [], ran=False, status=0)
        status = _play(site, needed, report, check=check)
        after = [] if check else make_plan(site, needed, only)
        return Converged(before, after, ran=True, status=status)


def command(site: Site, needed: dict[str, list[str]], *, check: bool) -> list[str]:
    """The plain ansible-playbook command that runs these roles on these hosts."""
    chosen = site.state_dir / "hosts_needed.json"
    files.make_dir(site.state_dir)
    files.write_json(chosen, {"yiyun_needed": needed})
    order = list(dict.fromkeys(role for roles in needed.values() for role in roles))
    argv = ["ansible-playbook", "--inventory", str(site.path), str(HOSTS_PLAYBOOK.relative_to(CHECKOUT))]
    argv += ["--limit", ",".join(needed), "--tags", ",".join(order), "--extra-vars", f"@{chosen}"]
    return argv + (["--check", "--diff"] if check else [])


def _play(site: Site, needed: dict[str, list[str]], report: Report, *, check: bool) -> int:
    argv = command(site, needed, check=check)
    own = access.environment(site)
    report(" ".join([*(f"{name}={shlex.quote(value)}" for name, value in own.items()), shlex.join(argv)]))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    try:
        return subprocess.run(argv, cwd=CHECKOUT, env={**os.environ, **own, "PATH": path}, check=False).returncode
    except FileNotFoundError:
        raise UserError("ansible-playbook is missing: start yiyun by its script ./yiyun") from None
