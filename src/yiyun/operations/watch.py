"""Watches the control plane during an operation, so that nobody waits for one that is gone.

Pulumi's provider waits for minutes for an API server that does not answer. When it is gone, pulumi is ended, and the
user is told what died and how to go on.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from yiyun.errors import UserError
from yiyun.evidence.api_server import ApiServer
from yiyun.lab.lab import Lab
from yiyun.operations import environment, lock
from yiyun.operations.engine import Engine
from yiyun.operations.reach import reached
from yiyun.paths import CHECKOUT
from yiyun.site import Site

INTERVAL = 2.0
"""Seconds between two looks."""
ANSWER_WITHIN = 5.0
PATIENCE = 45.0
"""Seconds for which a server may be unready before it is given up; one whose process is gone is given up at once."""


@contextmanager
def connected(site: Site, report: Callable[[str], None]) -> Iterator[tuple[Engine, ApiServer]]:
    """Have the tools, and a lab's control plane; while the block runs, end pulumi and all requests when that dies.

    An error that leaves the block then begins with what died and what to do. Raises UserError when the cluster is
    another one than the site's state describes.
    """
    with reached(site, report):
        engine, api = Engine(site), ApiServer(environment.kubeconfig(site))
        _same_cluster(site, api)
        watch = _Watch(site, engine, api)
        thread = threading.Thread(target=watch.run, daemon=True)
        thread.start()
        try:
            yield engine, api
        except UserError as error:
            lock.end_orphaned_plugins(environment.backend(site))
            reason = watch.reason or watch.look()
            if reason:
                raise UserError(f"{reason}\n{_short(str(error), reason)}".rstrip()) from error
            raise
        finally:
            watch.ended.set()
            thread.join()


def _same_cluster(site: Site, api: ApiServer) -> None:
    """Refuse a cluster that is not the one this site's state describes."""
    uid = str(api.request("GET", "/api/v1/namespaces/kube-system")["metadata"]["uid"])
    path = site.state_dir / "cluster"
    if not path.exists():
        path.write_text(uid, encoding="ascii")
    elif path.read_text(encoding="ascii") != uid:
        raise UserError(
            f"the API server at {api.url} is another cluster than the one that site {site.name} was brought up on "
            f"(uid of kube-system {uid}, recorded {path.read_text(encoding='ascii')}): set KUBECONFIG to the right one; "
            f"or, when that cluster is gone for good, ./yiyun lab reset --site {site.name}"
        )


class _Watch:
    def __init__(self, site: Site, engine: Engine, api: ApiServer) -> None:
        self.site = site
        self.engine = engine
        self.api = api
        self.probe = ApiServer(environment.kubeconfig(site), connections=1)
        self.ended = threading.Event()
        self.reason = ""

    def run(self) -> None:
        well = monotonic()
        while not self.ended.wait(INTERVAL):
            ailment = self.probe.ailment(ANSWER_WITHIN)
            if not ailment:
                well = monotonic()
                continue
            reason = self._dead_parts()
            if not reason and monotonic() - well > PATIENCE:
                reason = self._remedy(f"{ailment} for {PATIENCE:.0f} s now")
            if reason:
                self.reason = reason
                self.api.give_up(reason)
                self.engine.stop()
                return

    def look(self) -> str:
        """What is wrong with the control plane right now, and what to do; empty when nothing is."""
        ailment = self.probe.ailment(ANSWER_WITHIN)
        return ailment and (self._dead_parts() or self._remedy(ailment))

    def _dead_parts(self) -> str:
        """The parts of the embedded lab whose process is gone; empty on a site that has none."""
        if not self.site.embedded:
            return ""
        dead = [part.name for part in Lab(self.site).status() if part.state in {"killed", "stopped"}]
        return self._remedy(f"{', '.join(dead)}: the process is gone") if dead else ""

    def _remedy(self, what: str) -> str:
        if not self.site.spec.lab:
            return f"{what}: bring it back, then run the same command again; it goes on where this one stopped"
        shipped = self.site.path.parent == CHECKOUT / "inventories"
        name = self.site.path.name if shipped else self.site.path
        remedy = "lab up" if self.site.embedded else "up --real"
        return f"{what}: run  ./yiyun {remedy} --site {name}  and the same command again; it goes on where this one stopped"


def _short(text: str, reason: str) -> str:
    """An error without the reason that is said already, at most 20 lines."""
    lines = [line for line in text.splitlines() if line and line != reason]
    return "\n".join(lines[:20] + (["..."] if len(lines) > 20 else []))
