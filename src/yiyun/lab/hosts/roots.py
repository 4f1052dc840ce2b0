"""Base roots: bare Debian 12 with systemd and sshd and no Python, one per architecture, made once per machine."""

import hashlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from yiyun.errors import UserError
from yiyun.lab.hosts import tools
from yiyun.lab.hosts.apt import SUITE

Report = Callable[[str], None]

PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "libpam-systemd",
    "openssh-server",
    "iproute2",
    "procps",
    "kmod",
    "netbase",
)
"""On top of mmdebstrap's minbase. No Python and no sudo: `./yiyun hosts adopt` has to bring them."""
SCRIPT = """\
set -eu
root=$1
rm -f "$root"/etc/ssh/ssh_host_*_key* "$root"/etc/apt/sources.list "$root"/etc/hostname "$root"/etc/resolv.conf
rm -rf "$root"/etc/apt/sources.list.d "$root"/var/cache/apt "$root"/var/lib/apt/lists
mkdir -p "$root"/etc/apt/sources.list.d "$root"/var/cache/apt/archives/partial "$root"/var/lib/apt/lists/partial
: > "$root"/etc/machine-id
: > "$root"/etc/resolv.conf
printf 'PermitRootLogin yes\\n' > "$root"/etc/ssh/sshd_config.d/00-delivered.conf
for unit in console-getty.service getty.target; do ln -sf /dev/null "$root/etc/systemd/system/$unit"; done
"""
"""Run on the finished root: no keys, no identity, no sources (nothing can be reached); root may log in by password."""
BUILD_SECONDS = 3600.0
SHOW_EVERY_SECONDS = 20.0


def key(arch: str) -> str:
    """Name of a base root in the cache: changes with its content."""
    content = repr((SUITE, arch, PACKAGES, SCRIPT))
    return f"{arch}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def path(arch: str) -> Path:
    """Where the base root of an architecture lies, made or not."""
    return tools.cache() / key(arch) / "root"


def ensure(arch: str, report: Report) -> Path:
    """Make a base root unless the cache has it: about 30 s for the machine's own architecture, minutes for another.

    For another architecture binfmt_misc must be set up before. Raises UserError with mmdebstrap's last words.
    """
    root = path(arch)
    if root.is_dir():
        return root
    program = tools.find("mmdebstrap", report)
    apt = tools.apt()
    apt.update()
    emulated = arch != tools.native_arch()
    expected = "6 to 10 minutes, emulated" if emulated else "about half a minute"
    report(f"base root {arch}: making Debian 12 with {len(PACKAGES)} packages and what they need ({expected}, once)")
    root.parent.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{root.parent.name}.", dir=root.parent.parent))
    try:
        script = scratch / "finish"
        script.write_text(f"#!/bin/sh\n{SCRIPT}", encoding="utf-8")
        script.chmod(0o755)
        _build(
            [
                str(program),
                "--mode=root",
                "--variant=minbase",
                f"--architectures={arch}",
                f"--include={','.join(PACKAGES)}",
                "--skip=check/qemu",
                "--dpkgopt=path-exclude=/usr/share/doc/*",
                "--dpkgopt=path-exclude=/usr/share/man/*",
                "--dpkgopt=path-exclude=/usr/share/locale/*",
                f"--customize-hook={script}",
                SUITE,
                str(scratch / "root"),
                str(apt.sources),
            ],
            scratch / "log",
            lambda seconds: report(f"base root {arch}: still being made, {seconds:.0f} s"),
        )
        (scratch / "root").chmod(0o755)
        scratch.chmod(0o755)
        if not root.is_dir():
            shutil.rmtree(root.parent, ignore_errors=True)
            scratch.rename(root.parent)
    finally:
        if scratch.exists():
            shutil.rmtree(scratch, ignore_errors=True)
    return root


def clear_unfinished() -> None:
    """Delete what a killed build left. Nobody may be building."""
    for scratch in tools.cache().glob(".a[mr][dm]64-*"):
        shutil.rmtree(scratch, ignore_errors=True)


def _build(command: list[str], log: Path, still: Callable[[float], None]) -> None:
    """Run mmdebstrap with mounts and processes of its own that end with this program, however it ends."""
    contained = ["setpriv", "--pdeathsig", "KILL"]
    contained += ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"]
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*contained, "nice", *command], stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            while True:
                try:
                    code = process.wait(SHOW_EVERY_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    seconds = time.monotonic() - started
                    if seconds > BUILD_SECONDS:
                        raise UserError(f"mmdebstrap: no end after {BUILD_SECONDS:.0f} s") from None
                    still(seconds)
        finally:
            process.kill()
            process.wait()
    if code != 0:
        text = log.read_text(encoding="utf-8", errors="replace")
        raise UserError(f"mmdebstrap: exit {code}\n" + "\n".join(text.splitlines()[-12:]))
