"""Programs that the host lab needs: taken from PATH, else unpacked into the cache. Nothing is installed.

Debian's packages are downloaded with those of their libraries that the machine lacks, and unpacked; a small script per
program sets the search path of libraries, so that the program can be called like any other.
"""

import hashlib
import os
import shlex
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from yiyun.errors import UserError
from yiyun.lab.hosts.apt import Apt
from yiyun.lab.hosts.command import run
from yiyun.paths import cache_dir

Report = Callable[[str], None]
STATUS = Path("/var/lib/dpkg/status")
LIBRARIES = ("usr/lib/{triplet}/systemd", "usr/lib/{triplet}", "lib/{triplet}")
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Tool:
    """One program and the Debian package that has it."""

    program: str
    package: str
    path: str
    """Path of the program inside the package."""
    probe: tuple[str, ...]
    """Arguments with which it ends successfully at once: shows that its libraries are found."""


TOOLS = {
    tool.program: tool
    for tool in (
        Tool("mmdebstrap", "mmdebstrap", "usr/bin/mmdebstrap", ("--version",)),
        Tool("systemd-nspawn", "systemd-container", "usr/bin/systemd-nspawn", ("--version",)),
        Tool("nc", "netcat-openbsd", "bin/nc.openbsd", ("-h",)),
    )
}
EMULATOR = Tool("qemu-aarch64-static", "qemu-user-static", "usr/bin/qemu-aarch64-static", ("--version",))


def native_arch() -> str:
    """Architecture of this machine in Debian's words. Raises UserError for one that no site has."""
    machine = os.uname().machine
    if machine not in MACHINES:
        raise UserError(f"this machine is {machine}: the host lab runs on {' and '.join(MACHINES)}")
    return MACHINES[machine]


def cache() -> Path:
    """Where everything of the host lab is cached."""
    return cache_dir() / "hosts"


def apt() -> Apt:
    """The private apt of the host lab."""
    return Apt(cache() / "apt")


def find(program: str, report: Report) -> Path:
    """Path of a program of TOOLS: the machine's own, else one unpacked into the cache (downloaded once)."""
    on_path = shutil.which(program)
    if on_path:
        return Path(on_path)
    tool = TOOLS[program]
    wrapper = _directory(tool) / "run"
    if not wrapper.exists():
        _unpack(tool, report)
    return wrapper


def emulator(report: Report) -> Path:
    """The static qemu that runs arm64 programs, unpacked into the cache (a download of 60 MB, once)."""
    program = _directory(EMULATOR) / "root" / EMULATOR.path
    if not program.exists():
        _unpack(EMULATOR, report)
    return program


def _directory(tool: Tool) -> Path:
    content = (tool, native_arch(), _wrapper(Path(), tool))
    key = hashlib.sha256(repr(content).encode()).hexdigest()[:12]
    return cache() / "tools" / f"{tool.program}-{key}"


def _unpack(tool: Tool, report: Report) -> None:
    report(f"{tool.program}: not on PATH; unpacking Debian's {tool.package} into {cache()} (nothing is installed)")
    source = apt()
    packages = source.download([tool.package], STATUS, native_arch())
    directory = _directory(tool)
    directory.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{tool.program}.", dir=directory.parent))
    try:
        for package in packages:
            run(["dpkg-deb", "--extract", str(package), str(scratch / "root")], seconds=300)
        if tool is EMULATOR:
            _keep_only(scratch / "root", tool.path)
        wrapper = scratch / "run"
        wrapper.write_text(_wrapper(directory, tool), encoding="utf-8")
        wrapper.chmod(0o755)
        shutil.rmtree(directory, ignore_errors=True)
        scratch.chmod(0o755)
        scratch.rename(directory)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    run([str(directory / "run"), *tool.probe])


def _wrapper(directory: Path, tool: Tool) -> str:
    triplet = f"{os.uname().machine}-linux-gnu"
    places = ":".join(str(directory / "root" / place.format(triplet=triplet)) for place in LIBRARIES)
    program = shlex.quote(str(directory / "root" / tool.path))
    helpers = shlex.quote(str((directory / "root" / tool.path).parent))
    return f'#!/bin/sh\nPATH=$PATH:{helpers} LD_LIBRARY_PATH={shlex.quote(places)} exec {program} "$@"\n'


def _keep_only(root: Path, path: str) -> None:
    """Drop the other thirty emulators of the package: 300 MB."""
    kept = root.with_name("kept")
    (kept / path).parent.mkdir(parents=True)
    (root / path).rename(kept / path)
    shutil.rmtree(root)
    kept.rename(root)
