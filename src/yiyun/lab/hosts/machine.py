"""One machine of the host lab: an overlay over a base root, booted by systemd-nspawn.

Nothing about it is remembered that can be looked up: a machine runs when its systemd-nspawn does, found by its command
line; its overlay is mounted when the kernel says so. So a lab whose `up` was killed is repaired, or taken down, from
what is really there.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from yiyun import files
from yiyun.errors import UserError
from yiyun.evidence.hosts.capabilities import EMULATION
from yiyun.lab.hosts import cgroups
from yiyun.lab.hosts.command import run
from yiyun.lab.hosts.presentation import Presentation

END_SECONDS = 20.0
NSPAWN_RUN = Path("/run/systemd/nspawn")
OWN_DISKS = ("containerd", "kubelet", "etcd")
"""Directories of /var/lib that lie beside the overlay: containerd's overlays cannot stand on another overlay."""
DROPPED = ("CAP_SYS_TIME", "CAP_SYS_MODULE", "CAP_SYS_RAWIO")
"""Not given to a host, which otherwise has all capabilities: with these it would set the machine's clock or kernel."""
WITHOUT_CREDENTIALS = ("systemd-sysctl", "systemd-sysusers", "systemd-tmpfiles-setup", "systemd-tmpfiles-setup-dev")
"""Units that take credentials, for which systemd makes mounts that qemu-user cannot."""
PREPARE_UNIT = """\
[Unit]
Description=Lab host: what a machine of its own would have
DefaultDependencies=no
Before=sysinit.target
Conflicts=shutdown.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/lib/yiyun-lab/prepare
[Install]
WantedBy=sysinit.target
"""
PREPARE_SCRIPT = """\
#!/bin/sh
# Written by the host lab. cgroup v1 controllers are read-only in an nspawn host: make them writable for the runtime.
[ -e /sys/fs/cgroup/cgroup.controllers ] || for mount in /sys/fs/cgroup/*/; do
    mount -o remount,bind,rw "$mount" 2>/dev/null
done
# /proc/sys belongs to the machine and is read-only here; the kubelet ends unless it finds these values. They are shown
# to the host, not set on the machine ("presented": see docs/lab-limits.md).
mkdir -p /run/yiyun-lab
while read -r key value; do
    printf '%s\\n' "$value" > "/run/yiyun-lab/sysctl.${key##*/}"
    mount --bind "/run/yiyun-lab/sysctl.${key##*/}" "/proc/sys/$key" 2>/dev/null
done <<VALUES
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
VALUES
[ ! -e /usr/local/lib/yiyun-lab/cpuinfo ] || mount --bind /usr/local/lib/yiyun-lab/cpuinfo /proc/cpuinfo
exit 0
"""
LSCPU = """\
#!/bin/sh
# Written by the host lab: a recording of another machine ("presented": see docs/lab-limits.md).
[ $# -eq 0 ] && exec cat /usr/local/lib/yiyun-lab/lscpu
exec /usr/bin/lscpu "$@"
"""


@dataclass(frozen=True)
class Identity:
    """What a machine has of its own on its first boot."""

    root_hash: str
    """Crypted password of root, a field of /etc/shadow."""
    hosts_file: str
    """Content of /etc/hosts."""


@dataclass(frozen=True)
class Machine:
    """One machine. `directory` holds all of it."""

    name: str
    address: IPv4Address
    base: Path
    directory: Path
    lab: str
    """Eight hex digits of its lab."""
    namespace: str

    @property
    def root(self) -> Path:
        """Where its overlay is mounted while it runs."""
        return self.directory / "root"

    @property
    def id(self) -> str:
        """Name of its nspawn machine and of its cgroups."""
        return f"yiyun-{self.lab}-{self.name}"

    @property
    def log(self) -> Path:
        """What its console showed."""
        return self.directory / "console.log"

    @property
    def host_key(self) -> str:
        """Its public host key, as written into a known_hosts file after the names."""
        text = (self.directory / "ssh_host_ed25519_key.pub").read_text(encoding="ascii")
        return " ".join(text.split()[:2])

    @property
    def prepared_over(self) -> str | None:
        """The base root over which its first preparation was completed; None when it was not."""
        marker = self.directory / "prepared"
        return marker.read_text(encoding="utf-8") if marker.exists() else None

    def prepare(self, identity: Identity) -> None:
        """Mount the overlay; on the first time, or when an earlier first time was interrupted, begin with a bare one."""
        fresh = self.prepared_over != str(self.base)
        if fresh:
            self.unmount()
            shutil.rmtree(self.directory, ignore_errors=True)
        for name in ("upper", "work", "root", *OWN_DISKS):
            (self.directory / name).mkdir(parents=True, exist_ok=True, mode=0o755)
        self.directory.chmod(0o700)
        if not self.root.is_mount():
            shutil.rmtree(self.directory / "work", ignore_errors=True)
            (self.directory / "work").mkdir()
            layers = f"lowerdir={self.base},upperdir={self.directory / 'upper'},workdir={self.directory / 'work'}"
            run(["mount", "-t", "overlay", "-o", layers, self.id, str(self.root)])
        if fresh:
            self._first_time(identity)
            files.write(self.directory / "prepared", str(self.base))

    def present(self, shown: Presentation, *, emulated: bool) -> None:
        """Give the host what it is to show of another machine, and the file that says so."""
        if emulated:
            for unit in WITHOUT_CREDENTIALS:
                dropin = self.root / f"etc/systemd/system/{unit}.service.d/yiyun-lab.conf"
                files.write(dropin, "[Service]\nLoadCredential=\n", 0o644)
            every = self.root / "etc/systemd/system/service.d/yiyun-lab.conf"
            files.write(every, "[Service]\nPrivateNetwork=no\n", 0o644)  # qemu-user cannot switch its loopback on
        library = self.root / "usr/local/lib/yiyun-lab"
        files.write(library / "prepare", PREPARE_SCRIPT, 0o755)
        files.write(self.root / "etc/systemd/system/yiyun-lab.service", PREPARE_UNIT, 0o644)
        wants = self.root / "etc/systemd/system/sysinit.target.wants"
        wants.mkdir(parents=True, exist_ok=True)
        if not (wants / "yiyun-lab.service").is_symlink():
            (wants / "yiyun-lab.service").symlink_to("/etc/systemd/system/yiyun-lab.service")
        files.write(library / "host.json", shown.marker, 0o644)
        wrapper = self.root / "usr/local/bin/lscpu"
        for place, content, mode in (
            (library / "cpuinfo", shown.cpuinfo, 0o444),
            (library / "lscpu", shown.lscpu, 0o644),
            (wrapper, LSCPU if shown.lscpu else None, 0o755),
        ):
            if content is None:
                place.unlink(missing_ok=True)
            else:
                files.write(place, content, mode)

    def boot(self, nspawn: Path, *, emulated: bool) -> None:
        """Start systemd-nspawn, which outlives this program. An emulated host says so in /run/systemd/container."""
        command = [
            str(nspawn),
            "--quiet",
            "--boot",
            f"--directory={self.root}",
            f"--machine={self.id}",
            f"--hostname={self.name}",
            f"--network-namespace-path=/run/netns/{self.namespace}",
            "--register=no",
            "--keep-unit",
            "--link-journal=no",
            "--resolv-conf=off",
            "--timezone=off",
            "--capability=all",
            f"--drop-capability={','.join(DROPPED)}",
            "--system-call-filter=@keyring bpf",  # containerd's runc makes session keyrings, and device filters on v2
            *(f"--bind={self.directory / name}:/var/lib/{name}" for name in OWN_DISKS),
        ]
        if emulated:
            command.append(f"--setenv=container={EMULATION}")
        if Path("/dev/kmsg").exists():
            command.append("--bind=/dev/kmsg")  # the kubelet watches it for processes killed for lack of memory
        enter = 'while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs" || exit 1; shift; done; shift; exec "$@"'
        groups = [str(directory) for directory in cgroups.make(self.id)]
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("wb") as output:
            subprocess.Popen(
                ["sh", "-c", enter, "sh", *groups, "--", *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network"},  # /proc/sys/net is the host's own
                start_new_session=True,
                cwd="/",
            )

    def unmount(self) -> None:
        """Unmount the overlay, however often it is mounted."""
        while self.root.is_mount():
            status = self.root.stat()
            (NSPAWN_RUN / "locks" / f"inode-{status.st_dev}:{status.st_ino}").unlink(missing_ok=True)
            run(["umount", "--lazy", str(self.root)])

    def delete(self) -> None:
        """Delete all of it. It must not run."""
        self.unmount()
        shutil.rmtree(self.directory, ignore_errors=True)
        if self.directory.exists():
            raise UserError(f"{self.directory} cannot be deleted: is something mounted below it?")

    def _first_time(self, identity: Identity) -> None:
        etc = self.root / "etc"
        files.write(etc / "hostname", f"{self.name}\n", 0o644)
        files.write(etc / "hosts", identity.hosts_file, 0o644)
        shadow = (etc / "shadow").read_text(encoding="utf-8").splitlines(keepends=True)
        lines = [
            f"root:{identity.root_hash}:{line.split(':', 2)[2]}" if line.startswith("root:") else line
            for line in shadow
        ]
        (etc / "shadow").write_text("".join(lines), encoding="utf-8")  # in place: keeps owner, group and mode
        key = self.directory / "ssh_host_ed25519_key"
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"root@{self.name}", "-f", str(key)])
        for suffix, mode in (("", 0o600), (".pub", 0o644)):
            place = etc / "ssh" / (key.name + suffix)
            shutil.copyfile(key.with_name(key.name + suffix), place)
            place.chmod(mode)
        key.unlink()


def supervisors(lab: str) -> dict[str, int]:
    """Pids of the living systemd-nspawn of a lab, by host."""
    found = {}
    mark = f"--machine=yiyun-{lab}-"
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):
            arguments = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if Path(arguments[0]).name in {"sh", "systemd-nspawn"}:  # sh: on the way to systemd-nspawn
                for argument in arguments:
                    if argument.startswith(mark):
                        found[argument.removeprefix(mark)] = int(entry.name)
    return found


def kill(find: Callable[[], Collection[int]]) -> None:
    """Kill what `find` names until it names nothing. Raises UserError after 20 s."""
    deadline = time.monotonic() + END_SECONDS
    while pids := find():
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in pids:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        if time.monotonic() > deadline:
            raise UserError(f"process {next(iter(pids))} does not end after SIGKILL (is its disk hanging?)")
        time.sleep(0.05)


def hosts_file(addresses: Mapping[str, IPv4Address]) -> str:
    """/etc/hosts of a lab's machines."""
    return "".join(["127.0.0.1 localhost\n", *(f"{address} {name}\n" for name, address in addresses.items())])


def clear_run_directory(lab: str) -> None:
    """Remove what killed nspawn processes of a lab left below /run, and the directories when nobody else uses them."""
    for path in (*NSPAWN_RUN.glob(f"propagate/yiyun-{lab}-*"), *NSPAWN_RUN.glob(f"unix-export/yiyun-{lab}-*")):
        shutil.rmtree(path, ignore_errors=True)
    for directory in (*NSPAWN_RUN.glob("*"), NSPAWN_RUN):
        with suppress(OSError):
            directory.rmdir()
