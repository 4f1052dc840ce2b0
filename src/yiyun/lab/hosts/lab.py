"""The host lab of one site: up, status, ssh, down.

`up` brings about what should be from whatever is there: it makes what is missing, boots again what was killed, and
touches no host that runs. The hosts outlive it. `down` leaves nothing on the machine, also after an `up` was killed.
"""

import ctypes
import ctypes.util
import hashlib
import json
import os
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from yiyun import bundle, files, known_hosts
from yiyun.errors import UserError
from yiyun.lab.hosts import cgroups, kernel, limits, machine, network, presentation, repository, roots, tools
from yiyun.lab.hosts.limits import Limit
from yiyun.lab.hosts.machine import Identity, Machine
from yiyun.lab.hosts.network import LabNetwork
from yiyun.site import Site
from yiyun.site.model import Host

Report = Callable[[str], None]
State = Literal["running", "booting", "killed", "stopped"]
LOCK_SECONDS = 600.0
BOOT_SECONDS = 180.0
EMULATED_BOOT_SECONDS = 600.0
GONE_SECONDS = 2.0
WORKERS = 16
SHOW_EVERY_SECONDS = 10.0
WILL_RUN = (
    "ip netns add, ip link add (bridge and veth inside those namespaces), mount -t overlay, systemd-nspawn --boot, "
    "sysctl fs.inotify.max_user_instances=8192, and for an arm64 host: one entry of binfmt_misc; "
    "./yiyun lab hosts down undoes all of it"
)


@dataclass(frozen=True)
class HostStatus:
    """One host of the lab."""

    name: str
    state: State
    address: str
    arch: str
    """Architecture of the programs that it really runs."""
    emulated: bool
    presented: str
    """Chip family whose recording it shows; empty for the machine's own."""
    detail: str


class HostLab:
    """The machines of one site, seen from one checkout."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.id = hashlib.sha256(str(site.state_dir).encode()).hexdigest()[:8]
        self.directory = site.state_dir / "hosts"
        management = site.spec.network.management
        taken = {host.address for host in site.hosts}
        bridge = next(address for address in management.hosts() if address not in taken)
        self.network = LabNetwork(self.id, management, bridge)

    # --- what others ask -----------------------------------------------------------------------------------------

    def up(self, report: Report, names: Collection[str] | None = None) -> None:
        """Bring up the named hosts, or all. Hosts that run are left alone, whatever was done on them stays.

        Raises UserError for a site that is not a lab, without root, for addresses that the machine uses itself, and when a host does not boot.
        """
        if not self.site.spec.lab:
            raise UserError(
                f"site {self.site.name} is not a lab (site.yaml: lab: true): its hosts are machines of their own"
            )
        require_root("make real hosts")
        started = time.monotonic()
        wanted = [host for host in self.site.hosts if names is None or host.name in names]
        network.refuse_occupied(self.network.range)
        self._refuse_outside(wanted)
        with self._locked(report):
            nspawn = tools.find("systemd-nspawn", report)
            self._refuse_overlayfs()
            bases = self._bases(wanted, report)
            packages = self._packages(bases, report)
            kernel.prepare(None)
            self.network.ensure({host.name: host.address for host in wanted})
            repository.serve(self.network, packages, self.served)
            booted = self._boot(wanted, bases, nspawn, report)
            self._wait(wanted, report)
            found = self._find_limits(wanted)
        report(
            f"hosts of {self.site.name}: {len(wanted)} running, {booted} of them booted now, "
            f"{time.monotonic() - started:.1f} s"
        )
        if found:
            report(f"what these hosts cannot show (docs/lab-limits.md): {', '.join(limits.lacking(found))}")

    def status(self) -> list[HostStatus]:
        """State of every host of the site. `killed`: it was booted and its process is gone without `down`."""
        running = machine.supervisors(self.id)
        with ThreadPoolExecutor(WORKERS) as executor:
            return list(executor.map(lambda host: self._status_of(host, running), self.site.hosts))

    def limits(self) -> dict[str, Limit]:
        """What the hosts of this lab can show and what not, as the last `up` found it; empty before."""
        try:
            content = json.loads(self._limits_file.read_text(encoding="utf-8"))
            return {name: Limit(**limit) for name, limit in content.items()}
        except (OSError, ValueError, TypeError):
            return {}

    def ssh_argv(self, name: str) -> list[str]:
        """Command that logs in on a host: as the management user once it has one, before as root by its password.

        Raises UserError when the host does not run.
        """
        host = self._host(name)
        if name not in machine.supervisors(self.id):
            raise UserError(f"{name} does not run: ./yiyun lab hosts up --site {self.site.path} --hosts {name}")
        target = self._machine(host)
        made = self.directory / "known_hosts"
        files.write(made, f"{name},{host.address} {target.host_key}\n")
        options = [
            *("-o", f"ProxyCommand={self.proxy_command()}"),
            *("-o", f"UserKnownHostsFile={made}", "-o", "StrictHostKeyChecking=yes", "-o", "LogLevel=ERROR"),
            *("-o", f"HostKeyAlias={name}"),
        ]
        user, key = self._management_login(target)
        if user:
            return ["ssh", "-F", "none", *options, "-o", "IdentitiesOnly=yes", "-i", str(key), f"{user}@{host.address}"]
        ask = self.directory / "askpass"
        files.write(ask, f"#!/bin/sh\nexec cat '{self.password_file}'\n", 0o700)
        environment = ["env", f"SSH_ASKPASS={ask}", "SSH_ASKPASS_REQUIRE=force"]
        return [*environment, "ssh", "-F", "none", *options, "-o", "PubkeyAuthentication=no", f"root@{host.address}"]

    def down(self, report: Report, names: Collection[str] | None = None) -> None:
        """Take down the named hosts, or all with the lab's network and its changes to the kernel. Deletes their disks.

        Raises UserError without root, and when something cannot be removed.
        """
        if not self._exists():
            return
        require_root("take down real hosts")
        with self._locked(report):
            present = self._known_names()
            going = present if names is None else present & set(names)
            self._end(going)
            if going == present:
                self._end_all()
            known_hosts.unpin(self.pinned_keys, going)
            report(f"hosts of {self.site.name}: {len(going)} taken down")
        if not self._known_names():
            self._lock_file.unlink(missing_ok=True)

    @property
    def served(self) -> Path:
        """Directory that hosts reach at http://<bridge address>/, for what they take from the site."""
        return self.directory / "served"

    @property
    def repository_url(self) -> str:
        """Package repository of the lab: what `yiyun_package_repository` is to say."""
        return repository.url(self.network)

    def python_bundle(self, arch: str) -> Path:
        """Directory of the packages that bring Python and sudo to a bare host."""
        return repository.python_bundle(arch)

    @property
    def password_file(self) -> Path:
        """The root password of the bare hosts, one line."""
        return self.directory / "root-password"

    @property
    def pinned_keys(self) -> Path:
        """The known_hosts file of the lab: its hosts are new ones after each `down`, so it belongs to the lab."""
        return self.site.state_dir / "ssh" / "known_hosts"

    def proxy_command(self) -> str:
        """An ssh ProxyCommand that reaches the lab's hosts from outside of their network."""
        relay = tools.find("nc", lambda _text: None)
        return f"nsenter --net=/run/netns/{self.network.namespace} {relay} %h %p"

    def connect(self, address: IPv4Address, port: int, seconds: float) -> socket.socket:
        """A TCP connection to a host of the lab from this process. Raises OSError."""
        connection = network.socket_inside(self.network.namespace)
        try:
            connection.settimeout(seconds)
            connection.connect((str(address), port))
        except BaseException:
            connection.close()
            raise
        return connection

    def emulated(self) -> str | None:
        """Name of the one host that runs another architecture than the machine's: the first arm64 host on amd64."""
        if tools.native_arch() != "amd64":
            return None
        return next((host.name for host in self.site.hosts if host.arch == "arm64"), None)

    def arch_of(self, host: Host) -> str:
        """Architecture of the programs that a host really runs."""
        return host.arch if host.name == self.emulated() else tools.native_arch()

    # --- up ------------------------------------------------------------------------------------------------------

    def _bases(self, wanted: Sequence[Host], report: Report) -> dict[str, Path]:
        """Base roots of the architectures in use, made where the cache lacks them."""
        arches = {tools.native_arch(), *(self.arch_of(host) for host in wanted)}
        if arches - {tools.native_arch()}:
            kernel.prepare(tools.emulator(report))
        return {arch: roots.ensure(arch, report) for arch in sorted(arches)}

    def _packages(self, arches: Iterable[str], report: Report) -> Path:
        """The repository to serve: the bundle's, else one made here, with the packages that `adopt` uploads."""
        given = bundle.opened()
        if given:
            return given.part(repository.PLACE)
        for arch in arches:
            repository.ensure_python_bundle(arch, report)
        names = repository.wanted(self.site, repository.base_profile(), report)
        return repository.ensure(names, self._arches(), report)

    def _arches(self) -> list[str]:
        """Architectures whose hosts may run: one repository serves them all, whichever hosts are asked for now."""
        made = {arch for host in self.site.hosts if roots.path(arch := self.arch_of(host)).is_dir()}
        return sorted(made)

    def _boot(self, wanted: Sequence[Host], bases: dict[str, Path], nspawn: Path, report: Report) -> int:
        """Boot what does not run; returns how many."""
        running = machine.supervisors(self.id)
        stopped = [host for host in wanted if host.name not in running or not self._as_listed(host)]
        if not stopped:
            return 0
        identity = self._identity()
        for host in stopped:
            over = self._machine(host).prepared_over
            if over == str(bases[self.arch_of(host)]):
                why = "hosts.yaml lists another machine now" if host.name in running else "it was killed"
                report(f"{host.name}: {why}; booting it again")
            elif over:
                report(f"{host.name}: its base root is another one now; it begins anew, bare")
        self._kill([host.name for host in stopped])

        def boot(host: Host) -> None:
            target = self._machine(host, bases[self.arch_of(host)])
            target.prepare(identity)
            emulated = host.name == self.emulated()
            target.present(self._presentation(host), emulated=emulated)
            target.boot(nspawn, emulated=emulated)

        with ThreadPoolExecutor(WORKERS) as executor:
            list(executor.map(boot, stopped))
        report(f"booting {len(stopped)} hosts")
        return len(stopped)

    def _wait(self, wanted: Sequence[Host], report: Report) -> None:
        """Wait until every sshd greets. Raises UserError with the console's last words of a host that ended or is late."""
        started = shown = time.monotonic()
        waiting = list(wanted)
        gone: dict[str, float] = {}
        with ThreadPoolExecutor(WORKERS) as executor:
            while True:
                answers = list(executor.map(lambda host: self.network.answers(host.address), waiting))
                waiting = [host for host, well in zip(waiting, answers, strict=True) if not well]
                if not waiting:
                    return
                running = machine.supervisors(self.id)
                elapsed = time.monotonic() - started
                for host in waiting:
                    limit = EMULATED_BOOT_SECONDS if host.name == self.emulated() else BOOT_SECONDS
                    # A process has no command line for a moment while its program is being loaded.
                    gone[host.name] = 0.0 if host.name in running else gone.get(host.name) or time.monotonic()
                    ended = gone[host.name] and time.monotonic() - gone[host.name] > GONE_SECONDS
                    if ended or elapsed > limit:
                        what = "ended while booting" if ended else f"did not boot in {limit:.0f} s"
                        raise UserError(
                            f"{host.name} {what}; the end of its console:\n{_tail(self._machine(host).log)}"
                        )
                if time.monotonic() - shown > SHOW_EVERY_SECONDS:
                    shown = time.monotonic()
                    names = ", ".join(host.name for host in waiting[:4])
                    report(f"{len(wanted) - len(waiting)} of {len(wanted)} hosts answer; waiting for {names}")
                time.sleep(0.1)

    def _find_limits(self, wanted: Sequence[Host]) -> dict[str, Limit]:
        """Probe one host that is not emulated, and publish the answers beside the lab's other files."""
        supervisors = machine.supervisors(self.id)
        for host in wanted:
            leader = limits.leader_of(supervisors.get(host.name, 0)) if host.name != self.emulated() else None
            if leader is not None:
                found = limits.probe(leader)
                files.write_json(self._limits_file, {name: asdict(limit) for name, limit in found.items()})
                return found
        return {}

    @property
    def _limits_file(self) -> Path:
        return self.directory / "limits.json"

    def _identity(self) -> Identity:
        files.make_dir(self.directory)
        if not self.password_file.exists():
            files.write(self.password_file, secrets.token_urlsafe(18) + "\n")
        password = self.password_file.read_text(encoding="ascii").strip()
        return Identity(_crypt(password), machine.hosts_file({host.name: host.address for host in self.site.hosts}))

    def _as_listed(self, host: Host) -> bool:
        """Whether a running host shows what hosts.yaml lists now."""
        path = self._machine(host).root / presentation.MARKER.lstrip("/")
        return path.exists() and path.read_text(encoding="utf-8") == self._presentation(host).marker

    def _presentation(self, host: Host) -> presentation.Presentation:
        return presentation.of(host, self.arch_of(host), emulated=host.name == self.emulated())

    def _refuse_outside(self, wanted: Sequence[Host]) -> None:
        for host in wanted:
            if host.address not in self.network.range:
                raise UserError(
                    f"{host.name}: its address {host.address} is not in network.management {self.network.range}, "
                    "which is the network of the lab"
                )

    def _refuse_overlayfs(self) -> None:
        """The hosts' overlays need a directory on a filesystem that can carry them."""
        files.make_dir(self.directory)
        kind = _filesystem_of(self.directory)
        if kind in {"overlay", "nfs", "nfs4", "fuseblk"}:
            raise UserError(
                f"{self.directory} lies on {kind}, on which no overlay can be mounted: "
                "set XDG_STATE_HOME to a directory on ext4, xfs, btrfs or tmpfs"
            )

    # --- down ----------------------------------------------------------------------------------------------------

    def _end(self, names: Collection[str]) -> None:
        self._kill(names)
        with ThreadPoolExecutor(WORKERS) as executor:
            list(executor.map(lambda name: self._place(name).delete(), sorted(names)))
        self.network.remove(names)
        cgroups.remove({self._place(name).id for name in names})

    def _end_all(self) -> None:
        """Remove what belongs to no single host."""
        machine.kill(lambda: network.processes_in([self.network.namespace]))
        self.network.remove_bridge()
        machine.clear_run_directory(self.id)
        roots.clear_unfinished()
        shutil.rmtree(self.directory, ignore_errors=True)
        if not network.other_labs(self.id):
            kernel.restore()

    def _kill(self, names: Collection[str]) -> None:
        wanted = set(names)
        if not wanted:
            return
        machine.kill(lambda: [pid for name, pid in machine.supervisors(self.id).items() if name in wanted])
        spaces = [self.network.namespace_of(name) for name in wanted]
        machine.kill(lambda: network.processes_in(spaces))

    def _known_names(self) -> set[str]:
        """Hosts of which anything is there."""
        machines = self.directory / "machines"
        on_disk = {path.name for path in machines.iterdir()} if machines.is_dir() else set()
        return on_disk | set(machine.supervisors(self.id)) | set(self.network.host_namespaces())

    def _exists(self) -> bool:
        return self.directory.exists() or bool(self._known_names()) or self.network.namespace in network.existing()

    # --- state ---------------------------------------------------------------------------------------------------

    def _status_of(self, host: Host, running: dict[str, int]) -> HostStatus:
        target = self._machine(host)
        state: State = "stopped"
        detail = "not booted"
        if host.name in running:
            state, detail = "booting", f"sshd does not answer yet; console: {target.log}"
            if self.network.answers(host.address):
                state, detail = "running", ""
                if not self._as_listed(host):
                    detail = "shows another machine than hosts.yaml lists now; `lab hosts up` boots it again"
        elif target.directory.exists():
            state, detail = "killed", "its process is gone; `lab hosts up` boots it again"
        emulated = host.name == self.emulated()
        shown = self._presentation(host).family
        return HostStatus(host.name, state, str(host.address), self.arch_of(host), emulated, shown, detail)

    def _host(self, name: str) -> Host:
        try:
            return self.site.host(name)
        except KeyError:
            names = ", ".join(host.name for host in self.site.hosts[:12])
            raise UserError(f"{name}: site {self.site.name} has no such host; it has {names}") from None

    def _machine(self, host: Host, base: Path | None = None) -> Machine:
        return self._place(host.name, host, base)

    def _place(self, name: str, host: Host | None = None, base: Path | None = None) -> Machine:
        address = host.address if host else self.network.bridge_address
        return Machine(
            name,
            address,
            base or Path(),
            self.directory / "machines" / name,
            self.id,
            self.network.namespace_of(name),
        )

    def _management_login(self, target: Machine) -> tuple[str | None, Path]:
        """User who may log in with the site's key, found on the host's disk; None while there is none."""
        key = self.site.state_dir / "ssh" / "id_ed25519"
        public = key.with_suffix(".pub")
        if public.exists():
            mine = public.read_text(encoding="ascii").split()[1]
            for keys in sorted((target.root / "home").glob("*/.ssh/authorized_keys")):
                if mine in keys.read_text(encoding="utf-8", errors="replace"):
                    return keys.parents[1].name, key
        return None, key

    @property
    def _lock_file(self) -> Path:
        return self.site.state_dir / "hosts.lock"

    @contextmanager
    def _locked(self, report: Report) -> Iterator[None]:
        """Keep two commands on one lab apart. Raises UserError after 10 minutes of waiting."""
        files.make_dir(self.site.state_dir)
        lock = FileLock(self._lock_file, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            report("another command works on these hosts: waiting for it")
            try:
                lock.acquire(timeout=LOCK_SECONDS)
            except Timeout:
                raise UserError(
                    f"another command works on the hosts of {self.site.name} for more than {LOCK_SECONDS:.0f} s; "
                    f"who it is: fuser {self._lock_file}"
                ) from None
        try:
            yield
        finally:
            lock.release()


def require_root(what: str) -> None:
    """Refuse without root. Raises UserError that says what would run."""
    if os.geteuid() != 0:
        raise UserError(f"root is needed to {what}: run this command with sudo. It would run: {WILL_RUN}")


def _crypt(password: str) -> str:
    """SHA-512 crypt of a password, by the C library's own function."""
    library = ctypes.CDLL(ctypes.util.find_library("crypt") or "libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    salt = "$6$" + secrets.token_urlsafe(12).replace("_", ".").replace("-", "/")
    crypted = library.crypt(password.encode(), salt.encode())
    if not crypted or not crypted.startswith(b"$6$"):
        raise UserError("libcrypt of this machine cannot make SHA-512 passwords")
    return str(crypted.decode("ascii"))


def _filesystem_of(path: Path) -> str:
    """Type of the filesystem that a directory lies on."""
    device = path.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        before, _, after = line.partition(" - ")
        if before.split()[2] == wanted:
            return after.split()[0]
    return "unknown"


def _tail(log: Path) -> str:
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:])
    except OSError:
        return "(no console)"
