"""One cgroup per host in every hierarchy, so that the systemd of each host has a root of its own.

They lie below the cgroup of whoever calls `up`; they are found again by name, wherever that was.
"""

import os
import time
from contextlib import suppress
from pathlib import Path

from yiyun.errors import UserError

ROOT = Path("/sys/fs/cgroup")
REMOVE_SECONDS = 10.0
MAX_DEPTH = 8


def make(name: str) -> list[Path]:
    """Make cgroup `name` below our own in every mounted hierarchy; return their directories."""
    made = []
    for line in Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines():
        _, controllers, path = line.split(":", 2)
        parent = _mount_of(controllers) / path.lstrip("/")
        if not parent.is_dir():
            continue
        own = parent / name
        own.mkdir(exist_ok=True)
        if controllers == "cpuset":  # empty by default, and then no process may enter
            for file in ("cpuset.cpus", "cpuset.mems"):
                (own / file).write_text((parent / file).read_text(encoding="ascii"), encoding="ascii")
        made.append(own)
    return made


def find(prefix: str) -> list[Path]:
    """Directories of cgroups whose name begins with `prefix`."""
    found = []
    for directory, names, _ in os.walk(ROOT):
        if len(Path(directory).relative_to(ROOT).parts) >= MAX_DEPTH:
            names.clear()
        ours = [name for name in names if name.startswith(prefix)]
        found += [Path(directory) / name for name in ours]
        names[:] = [name for name in names if name not in ours]
    return found


def remove(prefix: str) -> None:
    """Remove the cgroups whose name begins with `prefix`, once their processes are gone. Raises UserError after 10 s."""
    deadline = time.monotonic() + REMOVE_SECONDS
    while left := find(prefix):
        for top in left:
            for directory, _, _ in os.walk(top, topdown=False):
                with suppress(OSError):
                    Path(directory).rmdir()
        if time.monotonic() > deadline and find(prefix):
            raise UserError(f"{left[0]} cannot be removed: a process is still in it (see its cgroup.procs)")
        if find(prefix):
            time.sleep(0.05)


def _mount_of(controllers: str) -> Path:
    if controllers:
        return ROOT / controllers.removeprefix("name=")
    return ROOT / "unified" if (ROOT / "unified").is_dir() else ROOT
