"""One operation at a time on a site: who holds it is named, and only a proven dead owner is cleared away."""

import fcntl
import getpass
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from yiyun.errors import UserError
from yiyun.site import Site

MACHINE_ID = Path("/etc/machine-id")


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
    if not backend.startswith("file://"):
        return []
    root = Path(backend.removeprefix("file://"))
    home = root / "machine-id"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not home.exists():
        home.write_text(machine_id(), encoding="ascii")
    ours = home.read_text(encoding="ascii").strip() == machine_id()
    removed = []
    for path in sorted((root / ".pulumi" / "locks").rglob("*.json")):
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
    return removed


def _alive(pid: int, since: datetime) -> bool:
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= since.timestamp() + 1
    except psutil.NoSuchProcess:
        return False


def end_orphans(backend: str) -> list[str]:
    """End plugin processes of this backend that a killed pulumi left behind; return their names."""
    ended = []
    for process in psutil.process_iter(["pid", "name"]):
        with suppress(psutil.Error):
            command = " ".join(process.cmdline())
            if "pulumi-" not in command or process.environ().get("PULUMI_BACKEND_URL") != backend:
                continue
            if any(parent.name() == "pulumi" for parent in process.parents()):
                continue
            process.terminate()
            try:
                process.wait(timeout=5)
            except psutil.TimeoutExpired:
                process.kill()
            ended.append(f"{Path(command.split()[0]).name} (pid {process.pid})")
    return ended
