"""Runs a program that may be led to never end or to say gigabytes: within bounds of time, memory and output."""

import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

KEPT_ERRORS = 64 * 1024
"""Bytes of stderr that are kept; the rest is read and dropped."""
_CHUNK = 64 * 1024

# Limits are set by the process itself before it becomes the program: set from outside they would come too late.
_LIMITED = (
    "import os, resource, sys\n"
    "memory, seconds = int(sys.argv[1]), int(sys.argv[2])\n"
    "resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))\n"
    "resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))\n"
    "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
    "os.execv(sys.argv[3], sys.argv[3:])\n"
)


class Bounds(NamedTuple):
    """What a program may use."""

    cpu_seconds: int
    """Tells a loop from honest work, however little of a busy machine the program gets."""
    seconds: int
    """By the clock, for a program that waits."""
    output: int
    """Bytes on stdout."""
    memory: int
    """Bytes of data."""


class Ended(NamedTuple):
    """What a program left behind."""

    code: int
    """Exit code; a negative one is the signal that ended it."""
    stdout: bytes
    stderr: bytes
    stopped: str
    """The bound that it broke, empty when it ended by itself. Memory is not among these: the program says that itself."""


def run(command: Sequence[str], env: Mapping[str, str], cwd: Path, bounds: Bounds) -> Ended:
    """Run `command` (its first part is a path) with nothing on stdin, in a session of its own.

    Raises OSError when it cannot be started. Whatever happens, the process is gone when this returns; one whose
    parent is killed ends by its limit on CPU time.
    """
    before = _cpu_of_children()
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _LIMITED, str(bounds.memory), str(bounds.cpu_seconds), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(env),
        cwd=cwd,
        start_new_session=True,
    )
    with process:
        try:
            stdout, stderr, stopped = _follow(process, bounds)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    # Programs in Go do not hear the signal of the soft limit; the hard one kills them a second later.
    killed = process.returncode == -signal.SIGKILL and _cpu_of_children() - before >= bounds.cpu_seconds
    if killed or process.returncode == -signal.SIGXCPU:
        stopped = stopped or f"used more than {bounds.cpu_seconds} s of CPU time"
    return Ended(process.returncode, stdout, stderr, stopped)


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _follow(process: subprocess.Popen[bytes], bounds: Bounds) -> tuple[bytes, bytes, str]:
    """Read until the process ends or a bound is broken; stdout, stderr and that bound."""
    deadline = time.monotonic() + bounds.seconds
    late = f"took more than {bounds.seconds} s"
    said, errors = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for pipe, kept in ((process.stdout, said), (process.stderr, errors)):
            selector.register(pipe, selectors.EVENT_READ, kept)  # type: ignore[arg-type]  # PIPE: never None
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready or time.monotonic() > deadline:
                return bytes(said), bytes(errors), late
            for key, _ in ready:
                chunk = os.read(key.fd, _CHUNK)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.data is said:
                    said += chunk
                    if len(said) > bounds.output:
                        return b"", bytes(errors), f"printed more than {bounds.output >> 20} MiB"
                else:
                    errors += chunk[: KEPT_ERRORS - len(errors)]
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return bytes(said), bytes(errors), late
    return bytes(said), bytes(errors), ""
