"""The embedded control plane of one site: up, status, down, reset.

`up` brings about what should be from whatever is there: it starts what is missing, replaces what was killed or has
changed, and touches nothing else. Its processes outlive it. One lock per lab keeps two commands apart.
"""

import datetime as dt
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from yiyun import crds, files, toolchain
from yiyun.errors import UserError
from yiyun.lab import nodes, people, process
from yiyun.lab import parts as control_plane
from yiyun.lab.api import Api, ApiError, Unreachable
from yiyun.lab.layout import Layout, Person
from yiyun.lab.parts import Part
from yiyun.lab.ports import assign, is_free
from yiyun.lab.ports import read as read_ports
from yiyun.lab.process import Record
from yiyun.site import Site

Report = Callable[[str], None]
State = Literal["running", "stopped", "killed", "unhealthy"]

LOCK_SECONDS = 180.0
START_SECONDS = 180.0
PORT_TRIES = 2
SICK_SECONDS = 10.0
"""A process of ours that lives but has not been well for so long is replaced."""
RETRY_NETWORK_SECONDS = 3600.0
"""Definitions that no source had are asked for over the network again after this time; in a bundle, always."""


DEFINITIONS_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?limit=1"
ROLES_PATH = "/readyz/poststarthook/rbac/bootstrap-roles"


class PartEndedError(UserError):
    """A part ended while it was starting."""


@dataclass(frozen=True)
class PartStatus:
    """One program of the control plane."""

    name: str
    pid: int | None
    state: State
    detail: str


@dataclass(frozen=True)
class Unchecked:
    """Kinds that stand with an open schema, and when the network was asked for them last (seconds since 1970)."""

    kinds: tuple[str, ...]
    tried: float


class Lab:
    """The control plane of one site, seen from one checkout."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.layout = Layout(site.state_dir / "lab")

    # --- what others ask -----------------------------------------------------------------------------------------

    def up(self, report: Report, allow_unchecked: bool = False) -> None:
        """Bring the control plane up: all parts well, all kinds served, all nodes Ready.

        `report` gets lines for people; kinds without a checked schema are named one by one unless `allow_unchecked`.
        Raises UserError when a part does not start, with the end of its log.
        """
        started = time.monotonic()
        with self._locked(report):
            try:
                self._up_on_free_ports(report, allow_unchecked)
            except (ApiError, Unreachable) as error:
                tail = process.last_lines(self.layout.log("kube-apiserver"))
                raise UserError(f"lab {self.site.name}: {error}\nthe end of the API server's log:\n{tail}") from error
        report(f"lab {self.site.name}: ready in {time.monotonic() - started:.1f} s")

    def status(self) -> list[PartStatus]:
        """What is running. `killed`: it was started and is gone without `down`; `unhealthy`: it lives but is not well."""
        with ThreadPoolExecutor(len(control_plane.NAMES)) as executor:
            return list(executor.map(self._status_of, control_plane.NAMES))

    def down(self) -> None:
        """End all parts, last started first, and wait for them. What they stored stays."""
        if not self.layout.root.exists():
            return
        with self._locked(lambda _text: None):
            self._down()

    def reset(self) -> None:
        """`down`, then delete all that the lab stored: objects, certificates, logs, ports."""
        state = self.site.state_dir
        if not state.exists():
            return
        with self._locked(lambda _text: None):
            self._down()
            if self.layout.root.exists():
                shutil.rmtree(self.layout.root)
            self._lock_file.unlink(missing_ok=True)
        if not any(state.iterdir()):
            state.rmdir()

    def kubeconfig(self, person: Person) -> Path:
        """Kubeconfig of a person. Raises UserError when the lab was never up."""
        path = self.layout.kubeconfig(person)
        if not path.exists():
            raise UserError(f"lab {self.site.name} has no kubeconfig for {person} yet: run  ./yiyun lab up")
        return path

    @property
    def running(self) -> bool:
        """Whether all parts are running and well."""
        return all(part.state == "running" for part in self.status())

    @property
    def unchecked_kinds(self) -> set[str]:
        """Names (`<plural>.<group>`) of the kinds that stand with an open schema since the last `up`."""
        return set(self._unchecked().kinds)

    # --- up ------------------------------------------------------------------------------------------------------

    def _up_on_free_ports(self, report: Report, allow_unchecked: bool) -> None:
        """`_up`, again on other ports when somebody took one between its choice and its use."""
        for _ in range(PORT_TRIES):
            try:
                return self._up(report, allow_unchecked)
            except PartEndedError:
                held = self._held_ports()
                lost = [n for n, port in read_ports(self.layout.ports).items() if n not in held and not is_free(port)]
                if not lost:
                    raise
                report(f"taken by another program meanwhile: port of {', '.join(lost)}; choosing again")
        return self._up(report, allow_unchecked)

    def _up(self, report: Report, allow_unchecked: bool) -> None:
        self.layout.make()
        network = self.site.spec.network
        programs = _find_programs()
        self._end_unrecorded(report)
        ports = assign(self.layout.ports, control_plane.PORTS, held=self._held_ports())
        ids = control_plane.identities(self.layout, network.services)
        control_plane.write_configuration(self.layout, ids, ports, self.site.name)
        wanted = control_plane.parts(self.layout, ids, ports, programs.__getitem__, network.pods, network.services)
        lock = crds.read()
        target = control_plane.api_target(ids, ports, "admin")
        admin = Api(target)
        etcd, api_server, manager, scheduler, kwok = wanted
        etcd_started = self._ensure(etcd, report)
        self._wait(etcd, partial(self._is_well, etcd.name), "become well")
        found = self._find_definitions(lock, report)
        seeded = self._seed(ports, lock, found)
        # One that was without its etcd for long takes minutes to find it again.
        self._ensure(api_server, report, renew=etcd_started)
        self._wait(api_server, lambda: admin.is_ready(DEFINITIONS_PATH), "answer")
        with ThreadPoolExecutor(3) as executor:
            nodes_done = executor.submit(nodes.synchronize, admin, self.site.hosts, self.site.name)
            kinds_done = executor.submit(crds.register, admin, lock.kinds, found)
            people.set_up_policy(admin)
            people.set_up(admin, lock.kinds)
            policy_done = executor.submit(people.let_ci_in, admin, people.administrator_with_policy(target))
            added, changed, removed = nodes_done.result()
            self._ensure(kwok, report, before=partial(nodes.release_leases, admin))
            self._wait(api_server, lambda: admin.is_ready(ROLES_PATH), "make its own roles")
            for part in (manager, scheduler):
                self._ensure(part, report)
            registered = kinds_done.result()
            policy_done.result()
        self._tell_definitions(registered, seeded, report, allow_unchecked)
        report(f"nodes: {len(self.site.hosts)} ({added} added, {changed} changed, {removed} removed)")
        self._wait(api_server, admin.is_ready, "become ready")
        crds.wait_served(admin, lock.kinds)
        crds.wait_changed(admin, lock.kinds, registered)
        for part in (manager, scheduler, kwok):
            self._wait(part, partial(self._is_well, part.name), "become well")
        names = {host.name for host in self.site.hosts}
        self._wait(kwok, lambda: not nodes.not_ready(admin, names), "make all nodes Ready")

    def _find_definitions(self, lock: crds.Lock, report: Report) -> dict[str, crds.Found]:
        """Look for definitions in all sources; over the network at most once an hour."""
        unchecked = self._unchecked()
        network = time.time() - unchecked.tried > RETRY_NETWORK_SECONDS
        found = crds.Sources(crds.bundle_dir(), crds.crd_cache(), report, network).find(lock.projects)
        if network and len(found) < len(lock.kinds):
            self._write_unchecked(Unchecked(unchecked.kinds, time.time()))
        return found

    def _seed(self, ports: Mapping[str, int], lock: crds.Lock, found: Mapping[str, crds.Found]) -> int:
        """Give a new lab its definitions before its API server starts; says how many."""
        if any(record.name == "kube-apiserver" for record in self._living()):
            return 0
        etcd = Api(control_plane.etcd_target(self.layout, ports))
        return crds.seed.seed(etcd, lock.kinds, found) if crds.seed.is_empty(etcd) else 0

    def _tell_definitions(
        self, registered: crds.Registered, seeded: int, report: Report, allow_unchecked: bool
    ) -> None:
        total = len(registered.created) + len(registered.changed) + len(registered.unchanged)
        report(f"kinds: {total} ({len(registered.created) + seeded} added, {len(registered.changed)} changed)")
        self._write_unchecked(Unchecked(registered.unchecked, self._unchecked().tried))
        if allow_unchecked and registered.unchecked:
            report(f"{len(registered.unchecked)} kinds have an open schema: nothing checks the fields of their objects")
            return
        for name in registered.unchecked:
            report(f"{name}: no source has its schema; its objects are accepted unchecked, the gate does not pass them")

    def _ensure(
        self, part: Part, report: Report, before: Callable[[], None] | None = None, *, renew: bool = False
    ) -> bool:
        """Leave a well part alone, unless `renew`; start, or replace, any other, after a call of `before`.

        Returns whether it was started.
        """
        record = self._record(part.name)
        if record and process.is_alive(record):
            if not renew and record.fingerprint == part.fingerprint and self._well_soon(part):
                return False
            report(f"{part.name}: replacing process {record.pid}")
            process.end(record.pid, partial(process.is_alive, record))
        elif record:
            report(f"{part.name}: process {record.pid} is gone, starting it again")
        if before:
            before()
        process.spawn(
            self.layout.record(part.name),
            part.name,
            part.command,
            part.environment,
            self.layout.log(part.name),
            part.fingerprint,
        )
        return True

    def _well_soon(self, part: Part) -> bool:
        deadline = time.monotonic() + SICK_SECONDS
        while not self._is_well(part.name):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True

    def _wait(self, part: Part, done: Callable[[], bool], what: str) -> None:
        """Poll `done`. Raises UserError with the part's last log lines when it dies meanwhile, or after 180 s."""
        deadline = time.monotonic() + START_SECONDS
        while not done():
            record = self._record(part.name)
            tail = process.last_lines(self.layout.log(part.name))
            if record is None or not process.is_alive(record):
                raise PartEndedError(
                    f"{part.name} ended while starting; the end of {self.layout.log(part.name)}:\n{tail}"
                )
            if time.monotonic() > deadline:
                raise UserError(
                    f"{part.name} did not {what} within {START_SECONDS:.0f} s; "
                    f"the end of {self.layout.log(part.name)}:\n{tail}"
                )
            time.sleep(0.05)

    # --- state ---------------------------------------------------------------------------------------------------

    def _status_of(self, name: str) -> PartStatus:
        record = self._record(name)
        if record is None:
            return PartStatus(name, None, "stopped", "not started")
        if not process.is_alive(record):
            if record.boot != process.boot_id():
                return PartStatus(name, None, "stopped", "the machine was restarted since")
            return PartStatus(name, None, "killed", f"process {record.pid} is gone; `lab up` starts it again")
        if not self._is_well(name):
            return PartStatus(name, record.pid, "unhealthy", f"does not do its work; see {self.layout.log(name)}")
        return PartStatus(name, record.pid, "running", "")

    def _is_well(self, name: str) -> bool:
        ports = read_ports(self.layout.ports)
        try:
            probe = control_plane.health(self.layout, ports, name)
            if probe is None:
                return self._nodes_are_alive(Api(control_plane.admin_target(self.layout, ports)))
            target, path = probe
            return Api(target).is_ready(path)
        except (KeyError, OSError):
            return False  # ports or certificates were deleted under a running lab: nothing can ask it any more

    def _nodes_are_alive(self, admin: Api) -> bool:
        """The program that simulates nodes listens nowhere: it is well when it renews the nodes' leases."""
        try:
            newest = nodes.newest_renewal(admin)
        except (ApiError, Unreachable):
            return False
        limit = dt.timedelta(seconds=control_plane.LEASE_SECONDS / 2)
        return newest is not None and dt.datetime.now(dt.UTC) - newest < limit

    def _record(self, name: str) -> Record | None:
        return process.read_record(self.layout.record(name))

    def _living(self) -> list[Record]:
        records = [self._record(name) for name in control_plane.NAMES]
        return [record for record in records if record and process.is_alive(record)]

    def _held_ports(self) -> set[str]:
        """Names of the ports on which our own living processes listen."""
        living = {record.name for record in self._living()}
        return {port for port, part in control_plane.PORTS.items() if part in living}

    def _unchecked(self) -> Unchecked:
        try:
            content = json.loads(self.layout.unchecked.read_text(encoding="utf-8"))
            return Unchecked(tuple(content["kinds"]), float(content["tried"]))
        except (OSError, ValueError, KeyError, TypeError):
            return Unchecked((), 0.0)

    def _write_unchecked(self, unchecked: Unchecked) -> None:
        files.write_json(self.layout.unchecked, {"kinds": list(unchecked.kinds), "tried": unchecked.tried})

    # --- down ----------------------------------------------------------------------------------------------------

    def _down(self) -> None:
        for name in reversed(control_plane.NAMES):
            record = self._record(name)
            if record and process.is_alive(record):
                process.end(record.pid, partial(process.is_alive, record))
            self.layout.record(name).unlink(missing_ok=True)
        self._end_unrecorded(lambda _text: None)

    def _end_unrecorded(self, report: Report) -> None:
        known = {record.pid for record in self._living()}
        marks = (f"{self.layout.config}/", f"{self.layout.data}/")
        for stray in process.find_strays(control_plane.NAMES, marks, known):
            report(f"ending {stray.pid}: a part that no record knows")
            process.end(stray.pid, stray.is_alive)

    @property
    def _lock_file(self) -> Path:
        return self.site.state_dir / "lab.lock"

    @contextmanager
    def _locked(self, report: Report) -> Iterator[None]:
        """Keep other lab commands out. Raises UserError when another one works for more than 3 minutes."""
        self._lock_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(self._lock_file, mode=0o600)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            report("another lab command is at work: waiting for it")
            try:
                lock.acquire(timeout=LOCK_SECONDS, poll_interval=0.1)
            except Timeout as error:
                text = f"another lab command has held {self._lock_file} for {LOCK_SECONDS:.0f} s: end it and run again"
                raise UserError(text) from error
        try:
            yield
        finally:
            lock.release()


def _find_programs() -> dict[str, Path]:
    with ThreadPoolExecutor(len(control_plane.NAMES)) as executor:
        return dict(zip(control_plane.NAMES, executor.map(toolchain.find, control_plane.NAMES), strict=True))
