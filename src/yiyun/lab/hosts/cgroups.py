"""One cgroup per host in every hierarchy, so that the systemd of each host has a root of its own.

They lie below the cgroup of whoever calls `up`; they are found again by name, wherever that was.
"""

import os
import re
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from yiyun.errors import UserError

ROOT = Path("/sys/fs/cgroup")
REMOVE_SECONDS = 10.0
MAX_DEPTH = 8
_OF_A_HOST = re.compile(r"yiyun-[0-9a-f]{8}-")
"""Begins the name of a host's cgroup, whatever its lab."""


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


def find(wanted: Callable[[str], bool]) -> list[Path]:
    """Directories of cgroups whose name is `wanted`; what lies below them is not looked at."""
    found = []
    for directory, names, _ in os.walk(ROOT):
        if len(Path(directory).relative_to(ROOT).parts) >= MAX_DEPTH:
            names.clear()
        ours = [name for name in names if wanted(name)]
        found += [Path(directory) / name for name in ours]
        # A host's own tree is deep and not ours to search.
        names[:] = [name for name in names if name not in ours and not _OF_A_HOST.match(name)]
    return found


def remove(names: Collection[str]) -> None:
    """Remove cgroups by name, once their processes are gone. Raises UserError after 10 s."""
    deadline = time.monotonic() + REMOVE_SECONDS
    while left := find(lambda name: name in names):
        for top in left:
            for directory, _, _ in os.walk(top, topdown=False):
                with suppress(OSError):
                    Path(directory).rmdir()
        left = [top for top in left if top.exists()]
        if left and time.monotonic() > deadline:
            raise UserError(f"{left[0]} cannot be removed: a process is still in it (see its cgroup.procs)")
        if left:
            time.sleep(0.05)


def _mount_of(controllers: str) -> Path:
    if controllers:
        return ROOT / controllers.removeprefix("name=")
    return ROOT / "unified" if (ROOT / "unified").is_dir() else ROOT
