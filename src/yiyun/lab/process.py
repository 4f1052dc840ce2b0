"""Processes that outlive the command that started them, told apart from everybody else's.

A part of the lab is known by what `run/<name>.json` recorded when it was started: pid, the kernel's start time of
that pid, the boot it belongs to, and its command line. Nothing that differs in one of these is ever signalled.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from yiyun import files
from yiyun.errors import UserError

LOG_LIMIT = 16 * 2**20
"""Bytes; a log that is longer when its part starts is kept once as `.1`."""
TERM_SECONDS = 8.0
"""An API server without its etcd never ends by itself; killing any part loses nothing."""
KILL_SECONDS = 10.0


@dataclass(frozen=True)
class Record:
    """One started process."""

    name: str
    pid: int
    started: int
    """Start time in clock ticks after boot (field 22 of /proc/PID/stat); wall clock changes do not move it."""
    boot: str
    fingerprint: str
    """Hash of command line, environment and configuration files: tells whether a restart is needed."""
    command: tuple[str, ...]


def boot_id() -> str:
    """Identifier of this boot of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def start_ticks(pid: int) -> int | None:
    """Start time of a living process; None when there is none, or only its zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # the name in parentheses may hold anything
    return None if fields[0] in "ZX" else int(fields[19])


def read_record(path: Path) -> Record | None:
    """The record in a file; None when it is missing or not readable as one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Record(**{**content, "command": tuple(content["command"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def is_alive(record: Record) -> bool:
    """Whether the recorded process, and not a later one with its pid, is running."""
    if record.boot != boot_id() or start_ticks(record.pid) != record.started:
        return False
    try:
        command = tuple(psutil.Process(record.pid).cmdline())
    except psutil.Error:
        return False
    return command in {record.command, ()}  # empty for a moment while the program is being loaded


def spawn(
    record_file: Path,
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    fingerprint: str,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, output appended to `log`, and record it."""
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
    log.touch(mode=0o600)
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(environment),
            cwd=log.parent,
            start_new_session=True,
            umask=0o077,
        )
    ticks = start_ticks(process.pid)
    record = Record(name, process.pid, ticks or 0, boot_id(), fingerprint, tuple(command))
    files.write_json(record_file, asdict(record))
    return process


@dataclass(frozen=True)
class Stray:
    """A part that runs without a record."""

    pid: int
    started: int

    def is_alive(self) -> bool:
        """Whether it still runs."""
        return start_ticks(self.pid) == self.started


def find_strays(programs: Collection[str], marks: Sequence[str], known: Collection[int]) -> list[Stray]:
    """Our user's processes that run one of `programs` with an argument that holds one of `marks`, but for `known`.

    A command that was killed between starting a process and recording it leaves one behind.
    """
    found = []
    for process in psutil.process_iter(["uids", "cmdline"]):
        program, *arguments = process.info["cmdline"] or [""]
        ours = process.info["uids"] is not None and process.info["uids"].real == os.getuid()
        if not ours or process.pid in known or Path(program).name not in programs:
            continue
        ticks = start_ticks(process.pid)
        if ticks is not None and any(mark in argument for argument in arguments for mark in marks):
            found.append(Stray(process.pid, ticks))
    return found


def end(pid: int, alive: Callable[[], bool]) -> None:
    """End a process: SIGTERM, then SIGKILL after 8 s. Returns when `alive` says no.

    Raises UserError when it does not end. `alive` decides anew before each signal that the pid is still the one meant.
    """
    for number, seconds in ((signal.SIGTERM, TERM_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
        deadline = time.monotonic() + seconds
        if alive():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                return
        while alive():
            _reap(pid)
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        else:
            _reap(pid)
            return
    raise UserError(f"process {pid} does not end after SIGKILL (is its disk hanging?)")


def _reap(pid: int) -> None:
    """Collect the exit status if the process is a child of ours."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def last_lines(log: Path, count: int = 8) -> str:
    """The end of a log, at most 4 KiB, for an error message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4096))
            text = file.read().decode(errors="replace")
    except OSError:
        return "(no log)"
    return "\n".join(text.splitlines()[-count:]) or "(empty log)"
