"""What the host lab changes on the machine's kernel, and how it puts it back.

Two things: `fs.inotify.max_user_instances` (each systemd takes several; the usual 128 ends at host 16) and, where arm64
programs are run, one binfmt_misc entry for qemu. What was there before is recorded first, in /run: a reboot undoes the
changes and the record together. Several labs share both; the last one that goes restores them.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from yiyun import files
from yiyun.errors import UserError
from yiyun.lab.hosts.command import run

RUN = Path("/run/yiyun")
_LOCK = RUN / "hosts-kernel.lock"
INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
INOTIFY_INSTANCES = 8192
BINFMT = Path("/proc/sys/fs/binfmt_misc")
ENTRY = "yiyun-aarch64"
AARCH64 = 183
"""e_machine of the ELF header (EM_AARCH64)."""


def prepare(emulator: Path | None) -> None:
    """Raise the limit of inotify instances; with `emulator`, let the kernel run arm64 programs by it.

    Raises UserError where binfmt_misc cannot be mounted or written.
    """
    with _record() as record:
        current = int(INOTIFY.read_text(encoding="ascii"))
        if current < INOTIFY_INSTANCES:
            record.setdefault("inotify", current)
            _save(record)
            INOTIFY.write_text(f"{INOTIFY_INSTANCES}\n", encoding="ascii")
        if emulator is not None:
            _register(record, emulator)


def restore() -> None:
    """Put back what `prepare` changed. Only the last lab of the machine may call this."""
    with _record() as record:
        if record.get("binfmt_entry") and (BINFMT / ENTRY).exists():
            (BINFMT / ENTRY).write_text("-1", encoding="ascii")
        if record.get("binfmt_mounted") and BINFMT.is_mount():
            run(["umount", str(BINFMT)])
        if "inotify" in record and int(INOTIFY.read_text(encoding="ascii")) == INOTIFY_INSTANCES:
            INOTIFY.write_text(f"{record['inotify']}\n", encoding="ascii")
        (RUN / "hosts-kernel.json").unlink(missing_ok=True)


def _register(record: dict[str, Any], emulator: Path) -> None:
    if not BINFMT.is_dir():
        raise UserError(
            "this kernel has no binfmt_misc (CONFIG_BINFMT_MISC; or: modprobe binfmt_misc), so no arm64 host can run: "
            "name hosts that are not emulated with  --hosts"
        )
    if not (BINFMT / "register").exists():
        record["binfmt_mounted"] = True
        _save(record)
        run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(BINFMT)])
    if (BINFMT / ENTRY).exists():
        return
    record["binfmt_entry"] = True
    _save(record)
    try:
        (BINFMT / "register").write_text(rule(emulator), encoding="ascii")
    except OSError as error:
        raise UserError(f"{BINFMT / 'register'}: {error.strerror}; no arm64 host can run on this machine") from None


def rule(emulator: Path) -> str:
    r"""The binfmt_misc rule for arm64 programs.

    Flags: F opens the emulator now, so that it needs to be in no root; P keeps argv[0]; C lets setuid programs (sudo)
    keep their meaning. Format: kernel, admin-guide/binfmt-misc; the mask ignores the OS ABI and joins EXEC with DYN.
    """
    header = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9) + (2).to_bytes(2, "little") + AARCH64.to_bytes(2, "little")
    mask = b"\xff" * 7 + b"\x00" + b"\xff" * 8 + b"\xfe\xff" + b"\xff\xff"

    def escaped(data: bytes) -> str:
        return "".join(f"\\x{byte:02x}" for byte in data)

    return f":{ENTRY}:M::{escaped(header)}:{escaped(mask)}:{emulator}:POCF"


@contextmanager
def _record() -> Iterator[dict[str, Any]]:
    """What was before, while nobody else changes it."""
    place = RUN / "hosts-kernel.json"
    with _lock():
        record: dict[str, Any] = {}
        with suppress(OSError, ValueError):
            record = json.loads(place.read_text(encoding="utf-8"))
        try:
            yield record
        finally:
            if not place.exists():
                _LOCK.unlink(missing_ok=True)
                with suppress(OSError):
                    RUN.rmdir()


@contextmanager
def _lock() -> Iterator[None]:
    """Hold the lock file, which its last holder deletes: one that was deleted meanwhile is no lock."""
    while True:
        RUN.mkdir(mode=0o700, exist_ok=True)
        try:
            handle = _LOCK.open("w")
        except FileNotFoundError:
            continue
        with handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if _still_there(handle.fileno()):
                yield
                return


def _still_there(descriptor: int) -> bool:
    try:
        there = _LOCK.stat()
    except FileNotFoundError:
        return False
    here = os.fstat(descriptor)
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


def _save(record: dict[str, Any]) -> None:
    files.write_json(RUN / "hosts-kernel.json", record)
