"""First contact: from a root password or key on a bare host to a host that every tool can work on.

Pins the host key, reads who the host is and refuses it where it is not the one that hosts.yaml lists, brings Python
where there is none, makes the management user with key and sudo rights, and logs in as that user. All hosts at once;
one that fails never stops the rest. The work is done by pyinfra in a process of its own (see first_contact), since
pyinfra needs gevent to replace Python's threads before anything else is loaded.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from yiyun import bundle, files
from yiyun.errors import UserError
from yiyun.lab.hosts import HostLab
from yiyun.operations.hosts import access
from yiyun.site import Site
from yiyun.site.model import Host

Report = Callable[[str], None]
PASSWORD_VARIABLE = "YIYUN_ROOT_PASSWORD"  # noqa: S105  # its name, not its value
KEY_VARIABLE = "YIYUN_ROOT_KEY"
Result = Literal["adopted", "unchanged", "would adopt", "failed"]


@dataclass(frozen=True)
class Credentials:
    """How to get in as root on a host that has no management user yet."""

    password: str | None = field(default=None, repr=False)
    key: str | None = None
    """Path of a private key without passphrase; with neither, the SSH agent and root's own keys are tried."""


@dataclass(frozen=True)
class Outcome:
    """What became of one host."""

    host: str
    result: Result
    done: tuple[str, ...] = ()
    """Steps that were done, or with `check` would be."""
    cause: str = ""
    remedy: str = ""
    notes: tuple[str, ...] = ()
    """Points in which a lab host differs from hosts.yaml on purpose."""
    fingerprint: str = ""
    """SHA-256 of the host key, where it was pinned by this very contact."""


def credentials(site: Site) -> Credentials:
    """Credentials from the environment; on a lab, else, its own root password. Raises UserError for a missing key file."""
    key = os.environ.get(KEY_VARIABLE)
    if key and not os.access(key, os.R_OK):
        raise UserError(f"{KEY_VARIABLE}={key}: no such file, or it cannot be read")
    password = os.environ.get(PASSWORD_VARIABLE)
    if not password and not key and site.spec.lab:
        own = HostLab(site).password_file
        password = own.read_text(encoding="ascii").strip() if own.exists() else None
    return Credentials(password or None, key or None)


def adopt(
    site: Site, hosts: Sequence[Host], with_credentials: Credentials, report: Report, *, check: bool = False
) -> list[Outcome]:
    """Adopt `hosts`, all at once; `check` reads them and says what would be done, and writes nothing on them.

    Returns one outcome per host, in their order. Raises UserError only for what concerns all hosts.
    """
    bundle.opened()  # a signature that does not count is refused before any host is met
    access.write_config(site)
    order = {
        "site": str(site.path),
        "hosts": [host.name for host in hosts],
        "password": with_credentials.password,
        "key": with_credentials.key,
        "check": check,
    }
    outcomes: dict[str, Outcome] = {}
    worker = subprocess.Popen(
        [sys.executable, "-m", "yiyun.operations.hosts.first_contact"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert worker.stdin and worker.stdout and worker.stderr  # noqa: S101  # all three are pipes
    try:
        worker.stdin.write(json.dumps(order))
        worker.stdin.close()
        for line in worker.stdout:
            content = json.loads(line)
            for name in ("done", "notes"):
                content[name] = tuple(content[name])
            outcome = Outcome(**content)
            outcomes[outcome.host] = outcome
            what = outcome.cause if outcome.result == "failed" else ", ".join(outcome.done)
            report(f"{len(outcomes)} of {len(hosts)}  {outcome.host}: {outcome.result}{': ' + what if what else ''}")
        errors = worker.stderr.read()
    finally:
        worker.kill()
        worker.wait()
    for host in hosts:
        if host.name not in outcomes:
            last = (errors.strip().splitlines() or ["no reason given"])[-1]
            outcomes[host.name] = Outcome(host.name, "failed", cause=f"the worker ended: {last}", remedy="run it again")
    result = [outcomes[host.name] for host in hosts]
    files.write_json(_kept(site), [asdict(outcome) for outcome in result])
    return result


def last_failures(site: Site) -> dict[str, Outcome]:
    """Hosts that the last adoption failed on; empty where there was none."""
    try:
        outcomes = [Outcome(**content) for content in json.loads(_kept(site).read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return {}
    return {outcome.host: outcome for outcome in outcomes if outcome.result == "failed"}


def _kept(site: Site) -> Path:
    return site.state_dir / "adopt.json"
