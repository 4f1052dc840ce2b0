"""Runs a program that may be led to never end or to say gigabytes: within bounds of time, memory and output."""

import os
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
_CPU_FACTOR = 4
_CHUNK = 64 * 1024

# Limits are set by the process itself before it becomes the program: set from outside they would come too late.
_LIMITED = (
    "import os, resource, sys\n"
    "memory, seconds = int(sys.argv[1]), int(sys.argv[2])\n"
    "resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))\n"
    "resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))\n"
    "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
    "os.execv(sys.argv[3], sys.argv[3:])\n"
)


class Ended(NamedTuple):
    """What a program left behind."""

    code: int
    """Exit code; a negative one is the signal that ended it."""
    stdout: bytes
    stderr: bytes
    stopped: str
    """The bound that it broke, empty when it ended by itself. Memory is not among these: the program says that itself."""


def run(command: Sequence[str], env: Mapping[str, str], cwd: Path, *, seconds: int, output: int, memory: int) -> Ended:
    """Run `command` (its first part is a path) with nothing on stdin, in a session of its own.

    `output` and `memory` are bytes. Raises OSError when it cannot be started. Whatever happens, the process is gone
    when this returns; one whose parent is killed ends by its limit on CPU time.
    """
    limits = [str(memory), str(seconds * _CPU_FACTOR)]
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _LIMITED, *limits, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(env),
        cwd=cwd,
        start_new_session=True,
    )
    with process:
        try:
            stdout, stderr, stopped = _follow(process, time.monotonic() + seconds, seconds, output)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    return Ended(process.returncode, stdout, stderr, stopped)


def _follow(process: subprocess.Popen[bytes], deadline: float, seconds: int, output: int) -> tuple[bytes, bytes, str]:
    """Read until the process ends or a bound is broken; stdout, stderr and that bound."""
    late = f"took more than {seconds} s"
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
                    if len(said) > output:
                        return b"", bytes(errors), f"printed more than {output >> 20} MiB"
                else:
                    errors += chunk[: KEPT_ERRORS - len(errors)]
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return bytes(said), bytes(errors), late
    return bytes(said), bytes(errors), ""
