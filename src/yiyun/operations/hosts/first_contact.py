"""The process in which pyinfra works on all hosts at once: order on stdin, one JSON line per finished host on stdout.

Started by `adopt`; nobody else imports it. gevent replaces threads and sockets before paramiko is loaded.
"""

# ruff: noqa: E402, I001
from gevent import monkey

monkey.patch_all()

import contextlib
import base64
import ctypes
import hashlib
import json
import logging
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import gevent
from gevent.lock import BoundedSemaphore, RLock
from gevent.pool import Pool
from pyinfra.api.command import StringCommand
from pyinfra.api.config import Config
from pyinfra.api.exceptions import ConnectError
from pyinfra.api.host import Host as Target
from pyinfra.api.inventory import Inventory
from pyinfra.api.state import State

from yiyun import known_hosts
from yiyun.errors import UserError
from yiyun import files
from yiyun.lab.hosts import HostLab
from yiyun.operations.hosts import access, identity, python_bundle, settle
from yiyun.operations.hosts.adopt import Credentials, Outcome
from yiyun.operations.hosts.identity import Identity
from yiyun.operations.hosts.settle import Step
from yiyun.site import Site
from yiyun.site.model import Host

AT_ONCE = 100
CONNECTING_AT_ONCE = 25
"""Handshakes at once: more would only wait for this machine's processors, and time out on the hosts."""
VERIFYING_AT_ONCE = 8
CONNECT_SECONDS = 20
SSH_PORT = 22
PR_SET_PDEATHSIG = 1
PROBE_SECONDS = 180
SETTLE_SECONDS = 1200
VERIFY_SECONDS = 120
SHOWN = 300


class ContactError(Exception):
    """One host failed: cause and remedy."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy


@dataclass(frozen=True)
class Login:
    """A connection that stands."""

    target: Target
    root: bool
    """Whether it is root's own; else commands need sudo."""

    def run(self, script: str, seconds: int) -> tuple[bool, str, str]:
        """Run a shell script as root; success, stdout, stderr."""
        try:
            good, output = self.target.run_shell_command(
                StringCommand(script), _timeout=seconds, _sudo=not self.root, _shell_executable="sh"
            )
        except Exception as error:  # paramiko and pyinfra raise many kinds, all of which mean one lost host
            raise ContactError(
                f"the connection was lost ({_short(error)})", "look at the host's console, run again"
            ) from None
        return good, output.stdout, output.stderr


class Contact:
    """One run over all hosts."""

    def __init__(self, site: Site, names: list[str], credentials: Credentials, *, check: bool) -> None:
        self.site = site
        self.hosts = [site.host(name) for name in names]
        self.credentials = credentials
        self.check = check
        self.wish = settle.Wish(access.MANAGEMENT_USER, access.public_key(site))
        self.lab = HostLab(site) if site.spec.lab else None
        self.pinned_before = known_hosts.pinned(access.known_hosts(site))
        self.connecting = BoundedSemaphore(CONNECTING_AT_ONCE)
        self.verifying = BoundedSemaphore(VERIFYING_AT_ONCE)
        self.packing = RLock()
        self.packed: dict[Path, Path] = {}

    def run(self, tell: Callable[[Outcome], None]) -> None:
        """Work on all hosts; `tell` gets each outcome as it comes."""
        pool = Pool(AT_ONCE)
        for outcome in pool.imap_unordered(self._outcome, self.hosts):
            tell(outcome)

    def _outcome(self, host: Host) -> Outcome:
        try:
            return self._adopt(host)
        except ContactError as error:
            return Outcome(host.name, "failed", cause=error.cause, remedy=error.remedy)
        except UserError as error:
            return Outcome(host.name, "failed", cause=str(error), remedy="mend it and run again")
        except Exception as error:  # one bad host never stops the rest
            return Outcome(host.name, "failed", cause=f"{type(error).__name__}: {_short(error)}", remedy="run it again")

    def _adopt(self, host: Host) -> Outcome:
        login = self._login(host)
        key = login.target.connector.client.get_transport().get_remote_server_key()  # type: ignore[attr-defined]
        new_key = host.name not in self.pinned_before and str(host.address) not in self.pinned_before
        fingerprint = _fingerprint(key.asbytes()) if new_key else ""
        found = self._identify(login)
        refused, excused = identity.differences(host, found, lab=self.site.spec.lab)
        if refused:
            raise ContactError(
                "; ".join(map(str, refused)),
                f"another machine stands at {host.address}, or its entry in hosts.yaml is wrong: correct what is wrong",
            )
        steps = settle.missing(found, self.wish)
        notes = tuple(f"lab: {difference}" for difference in excused)
        bundle = self._bundle(found) if Step.PACKAGES in steps else None
        full = settle.full_filesystem(found, steps)
        if full:
            raise ContactError(f"disk full: {full}", "free space on the host, then run again")
        done = tuple(map(str, steps))
        if self.check:
            return Outcome(host.name, "would adopt" if steps or new_key else "unchanged", done, notes=notes)
        if steps:
            self._settle(login, steps, bundle)
        line = f"{key.get_name()} {key.get_base64()}"
        known_hosts.pin(access.known_hosts(self.site), host.name, str(host.address), line)
        self._keep(host, self._identify(login) if steps else found)
        with contextlib.suppress(Exception):
            login.target.connector.client.close()  # type: ignore[attr-defined]
        if login.root or steps:  # else this very contact came in as the management user and became root by sudo
            self._verify(host)
        result = "adopted" if steps or new_key else "unchanged"
        return Outcome(host.name, result, done, notes=notes, fingerprint=fingerprint)  # type: ignore[arg-type]

    # --- getting in ----------------------------------------------------------------------------------------------

    def _login(self, host: Host) -> Login:
        """Log in: as the management user where the host key is pinned already, else and else again as root."""
        pinned = self.pinned_before.get(host.name) or self.pinned_before.get(str(host.address))
        if pinned:
            with contextlib.suppress(ContactError):
                return Login(
                    self._connect(
                        host,
                        {
                            "ssh_user": access.MANAGEMENT_USER,
                            "ssh_key": str(access.key_file(self.site)),
                        },
                        pinned,
                    ),
                    root=False,
                )
        data: dict[str, Any] = {"ssh_user": "root"}
        if self.credentials.password:
            data["ssh_password"] = self.credentials.password
        if self.credentials.key:
            data["ssh_key"] = self.credentials.key
        if self.credentials.password or self.credentials.key:
            data |= {"ssh_allow_agent": False, "ssh_look_for_keys": False}
        return Login(self._connect(host, data, pinned), root=True)

    def _connect(self, host: Host, data: Mapping[str, Any], pinned: str | None) -> Target:
        waiting: dict[str, Any] = {"banner_timeout": 120, "auth_timeout": 120}
        if self.lab:
            try:
                waiting["sock"] = self.lab.connect(host.address, SSH_PORT, CONNECT_SECONDS)
            except OSError as error:
                raise self._why_not(host, _short(error), pinned is not None) from None
        settings = {
            "ssh_hostname": str(host.address),
            "ssh_config_file": os.devnull,
            "ssh_known_hosts_file": str(access.known_hosts(self.site)),
            "ssh_strict_host_key_checking": "yes" if pinned else "off",
            "ssh_paramiko_connect_kwargs": waiting,
            **data,
        }
        inventory = Inventory(([(host.name, settings)], {}))  # type: ignore[no-untyped-call]
        state = State(inventory, Config(CONNECT_TIMEOUT=CONNECT_SECONDS))  # type: ignore[no-untyped-call]
        target = state.inventory.get_host(host.name)
        try:
            with self.connecting:
                target.connect(show_errors=False, raise_exceptions=True)
        except ConnectError as error:
            raise self._why_not(host, str(error.args[0]), bool(pinned)) from None
        except Exception as error:  # paramiko raises EOFError, ValueError and more for servers that are none
            raise self._why_not(host, _short(error), bool(pinned)) from None
        return target

    def _why_not(self, host: Host, said: str, pinned: bool) -> ContactError:
        if "host key" in said.lower():
            file = access.known_hosts(self.site)
            return ContactError(
                f"its host key is not the one pinned in {file}: another machine answers, or it was installed anew",
                f"find out which; if it was installed anew:  ssh-keygen -R {host.name} -f {file}",
            )
        if "Authentication" in said or "No authentication methods" in said:
            return ContactError(
                "root's password or key was not accepted",
                "set YIYUN_ROOT_PASSWORD or YIYUN_ROOT_KEY to what this host takes"
                + (f", or restore the key of {access.MANAGEMENT_USER} on it" if pinned else ""),
            )
        return ContactError(
            f"no SSH connection to {host.address}: {said[:SHOWN]}",
            f"lab: ./yiyun lab hosts up --site {self.site.path}"
            if self.site.spec.lab
            else "check address, cable, sshd",
        )

    # --- what is done there --------------------------------------------------------------------------------------

    def _identify(self, login: Login) -> Identity:
        good, text, errors = login.run(f"user={self.wish.user}\n{identity.PROBE}", PROBE_SECONDS)
        try:
            return identity.parse(text)
        except identity.UnreadableError as error:
            more = "" if good else f": {errors.strip()[-SHOWN:]}"
            raise ContactError(f"{error}{more}", "log in by hand and see what its shell says") from None

    def _bundle(self, found: Identity) -> Path:
        try:
            directory = python_bundle.find(self.site, found.os.name, found.arch)
        except UserError as error:
            raise ContactError(str(error), "mend the bundle, then run again") from None
        if directory is None:
            lacking = "no Python 3.8 or newer" if found.python is None else "no sudo"
            raise ContactError(
                f"it has {lacking}, and there is no bundle for {found.os.name} on {found.arch}",
                f"put the packages into {python_bundle.expected(found.os.name, found.arch)}, or install them on the host",
            )
        with self.packing:
            if directory not in self.packed:
                self.packed[directory] = python_bundle.pack(directory)
        return self.packed[directory]

    def _settle(self, login: Login, steps: list[Step], bundle: Path | None) -> None:
        remote = None
        if bundle is not None:
            remote = f"/var/tmp/yiyun-python-{secrets.token_hex(8)}.tar"  # noqa: S108  # an unguessable name, written by root
            try:
                if not login.target.put_file(str(bundle), remote, _sudo=not login.root):
                    raise ContactError("the bundle could not be uploaded", "look at free space and sftp on the host")
            except OSError as error:
                raise ContactError(
                    f"the bundle could not be uploaded: {error}", "look at free space and sftp"
                ) from None
        good, text, errors = login.run(settle.script(self.wish, steps, remote), SETTLE_SECONDS)
        if not good or text.strip().splitlines()[-1:] != ["settled"]:
            said = errors.strip() or text.strip()
            if "No space left" in said:
                raise ContactError(f"disk full: {said[-SHOWN:]}", "free space on the host, then run again")
            raise ContactError(said[-SHOWN:] or "the host broke off", "mend what it says, then run again")

    def _keep(self, host: Host, found: Identity) -> None:
        if found.python is None or not found.sudo:
            raise ContactError("the bundle brought no Python 3.8 and sudo", "check what lies in the bundle")
        files.write_json(self.site.state_dir / "identity" / f"{host.name}.json", found.facts())

    def _verify(self, host: Host) -> None:
        """Log in as everybody will from now on: plain ssh, by the site's configuration; become root there."""
        command = ["ssh", "-F", str(access.config_file(self.site)), "-o", "BatchMode=yes", host.name, "sudo -n id -u"]
        with self.verifying:
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=VERIFY_SECONDS, check=False)
            except subprocess.TimeoutExpired:
                raise ContactError(f"{' '.join(command)}: no end after {VERIFY_SECONDS} s", "run it by hand") from None
        if done.returncode != 0 or done.stdout.strip() != "0":
            raise ContactError(
                f"login as {self.wish.user} does not work: {(done.stderr.strip() or done.stdout.strip())[-SHOWN:]}",
                f"run it by hand: {' '.join(command)}",
            )


def _fingerprint(key: bytes) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def _short(error: object) -> str:
    return str(error)[:SHOWN] or type(error).__name__


def _end_with_parent() -> None:
    """Ask the kernel to kill this process when the one that gave the order dies."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def main() -> None:
    """Read the order, work, tell."""
    _end_with_parent()
    logging.disable(logging.CRITICAL)
    order = json.load(sys.stdin)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is no answer

    def tell(outcome: Outcome) -> None:
        answers.write(json.dumps(asdict(outcome)) + "\n")
        answers.flush()

    credentials = Credentials(order["password"], order["key"])
    Contact(Site.load(order["site"]), order["hosts"], credentials, check=order["check"]).run(tell)


if __name__ == "__main__":
    gevent.spawn(main).get()
