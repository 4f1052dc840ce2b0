"""One operation at a time on a site: who holds it is named, and only a proven dead owner is cleared away."""

import fcntl
import getpass
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from yiyun.errors import UserError
from yiyun.site import Site

MACHINE_ID = Path("/etc/machine-id")
STARTED_BY = "YIYUN_PID"
"""Variable in the environment of every pulumi that yiyun starts: the pid of that yiyun."""
END_WITHIN = 5.0
"""Seconds that an orphan has to end by itself."""
WRITTEN_WITHIN = 2.0
"""Seconds within which a process that lives has written a file of a few bytes."""


def machine_id() -> str:
    """Return an id of this machine that no other has; the boot id where /etc/machine-id is empty."""
    for path in (MACHINE_ID, Path("/proc/sys/kernel/random/boot_id")):
        with suppress(OSError):
            if text := path.read_text(encoding="ascii").strip():
                return text
    return socket.gethostname()


def this_process(command: str) -> dict[str, Any]:
    """Describe this process as the owner of a lock."""
    return {
        "command": command,
        "user": getpass.getuser(),
        "host": socket.gethostname(),
        "machine_id": machine_id(),
        "pid": os.getpid(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


@contextmanager
def hold(site: Site, command: str) -> Iterator[None]:
    """Hold the lock of `site` while the block runs.

    The kernel drops the lock when its owner dies, however it dies. Raises UserError that names a living owner.
    """
    path = site.state_dir / "operation.lock"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"site {site.name} is busy: {_owner(path)}; wait for it, then run this again") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(this_process(command)).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _owner(path: Path) -> str:
    try:
        owner = json.loads(path.read_text(encoding="utf-8"))
        return f"{owner['command']} of {owner['user']}@{owner['host']}, pid {owner['pid']}, since {owner['since']}"
    except (OSError, ValueError, KeyError):
        return "another operation that has just begun"


def clear_dead_pulumi_locks(backend: str) -> list[str]:
    """Remove Pulumi's own locks of a local backend whose owner is proven dead; return what was removed.

    Proof: the lock names this host, the state directory was made on this very machine, and no process has that
    pid, or the one that has it began after the lock was taken. Raises UserError that names a living owner.
    """
    root = local_root(backend)
    if root is None:
        return []
    home = root / "machine-id"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not home.exists():
        home.write_text(machine_id(), encoding="ascii")
    ours = home.read_text(encoding="ascii").strip() == machine_id()
    removed = []
    locks = root / ".pulumi" / "locks"
    for path in sorted(locks.rglob("*.json")):
        try:
            lock = json.loads(path.read_text(encoding="utf-8"))
            pid, host, user = int(lock["pid"]), str(lock["hostname"]), str(lock["username"])
            since = datetime.fromisoformat(str(lock["timestamp"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"{path}: unreadable lock ({error}); make sure no pulumi runs, then delete it") from error
        stack = "/".join(path.parts[-3:-1])
        if not ours or host != socket.gethostname() or _alive(pid, since):
            raise UserError(
                f"stack {stack} is locked by {user}@{host}, pid {pid}, since {since:%Y-%m-%d %H:%M:%S %Z}: wait for it"
                + ("" if ours else f"; or, when that host is gone for good, delete {path}")
            )
        path.unlink()
        path.with_name(path.name + ".attrs").unlink(missing_ok=True)
        removed.append(f"{stack} (pid {pid} of {user} is dead)")
    for path in locks.rglob("*.tmp"):  # a lock that was being written; pulumi would take it for one
        if time.time() - path.stat().st_mtime > WRITTEN_WITHIN:
            path.unlink()
    return removed


def local_root(backend: str) -> Path | None:
    """Return the directory of a backend of local files; None for any other."""
    if not backend.startswith("file://"):
        return None
    return Path(backend.removeprefix("file://").partition("?")[0])


def _alive(pid: int, since: datetime) -> bool:
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= since.timestamp() + 1
    except psutil.NoSuchProcess:
        return False


def end_orphans(backend: str) -> list[str]:
    """End what a killed yiyun or pulumi left running on this backend; return the names.

    That is a pulumi whose yiyun is dead, and then every plugin without a pulumi above it. Call it when no pulumi
    that lives holds a lock, see `clear_dead_pulumi_locks`: then none of them is at work on a stack.
    """
    return [*_end(backend, _is_orphaned_pulumi), *end_orphaned_plugins(backend)]


def end_orphaned_plugins(backend: str) -> list[str]:
    """End the plugins of this backend that have no pulumi above them; return their names."""
    return _end(backend, _is_orphaned_plugin)


def _end(backend: str, orphaned: Callable[[psutil.Process], bool]) -> list[str]:
    found = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            name = Path((process.cmdline() or [""])[0]).name
            if process.environ().get("PULUMI_BACKEND_URL") == backend and orphaned(process):
                process.terminate()
                found[process] = f"{name} (pid {process.pid})"
    _, living = psutil.wait_procs(found, timeout=END_WITHIN)
    for process in living:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(living, timeout=END_WITHIN)
    return list(found.values())


def _is_orphaned_pulumi(process: psutil.Process) -> bool:
    starter = process.environ().get(STARTED_BY)
    return process.name() == "pulumi" and bool(starter) and starter not in {str(p.pid) for p in process.parents()}


def _is_orphaned_plugin(process: psutil.Process) -> bool:
    """A language host, a provider or a stack program (`pulumi-language-python-exec`), never pulumi itself."""
    names = {Path(argument).name for argument in process.cmdline()[:3]}  # a Python script comes after its interpreter
    is_plugin = any(name.startswith("pulumi-") for name in names)
    return is_plugin and "pulumi" not in {p.name() for p in process.parents()}
