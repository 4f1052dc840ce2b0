"""`up`: preview, gate, strict dry run, consent, then an update that follows the saved plans (design decision 5)."""

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from yiyun.compliance.engine import Result
from yiyun.errors import UserError
from yiyun.evidence.api_server import ApiServer
from yiyun.operations import dry_run, environment, lock, secret_store, updates
from yiyun.operations.engine import CHANGES, Engine, Preview
from yiyun.operations.gate import ready
from yiyun.operations.previews import judge, preview_all, with_open_schema
from yiyun.operations.projects import Project, projects, select
from yiyun.operations.recovery import recover
from yiyun.site import Site

Report = Callable[[str], None]
UPDATES_AT_ONCE = 3


class GateFailed(Exception):  # noqa: N818  # it is an outcome, reported by `result`
    """The plan does not pass the policy gate; nothing was written."""

    def __init__(self, result: Result) -> None:
        self.result = result
        super().__init__("the plan does not pass the policy gate; nothing was written")


@dataclass(frozen=True)
class Outcome:
    """What an up did."""

    previews: Mapping[str, Preview]
    """All stacks, in order; what was planned is what was done."""
    updated: tuple[str, ...]
    """Stacks whose update ran."""
    number: int | None
    """Number of the recorded update; None when nothing had to change."""

    def counts(self) -> dict[str, dict[str, int]]:
        """Stack name to number of objects per operation, `same` included."""
        return {
            name: {operation: len(preview.of(operation)) for operation in (*CHANGES, "same")}
            for name, preview in self.previews.items()
        }


@dataclass(frozen=True)
class Wish:
    """What the user asked for."""

    stacks: tuple[str, ...] = ()
    """Names of the stacks to update; empty: all. All are previewed and judged anyway."""
    adopt: frozenset[str] = frozenset()
    """Keys of existing objects that may be taken over; `*` for all."""
    targets: tuple[str, ...] = ()
    """Keys of the only objects to change; empty: all."""
    command: str = "up"
    allow_unchecked: bool = False


def up(site: Site, wish: Wish, consent: Callable[[Mapping[str, Preview]], None], report: Report) -> Outcome:
    """Bring the cluster to what the site says.

    `consent` gets the plan of the selected stacks and raises to stop. Raises GateFailed, and UserError when the
    server would refuse an object or an update fails; run again to go on.
    """
    chosen = select(list(wish.stacks))
    with lock.hold(site, wish.command):
        ready(site, report)
        engine = Engine(site)
        api = ApiServer(environment.kubeconfig(site))
        _same_cluster(site, api)
        recover(site, engine, api, projects().values(), report)
        previews = preview_all(engine, projects().values(), report)
        unchecked = [] if wish.allow_unchecked else with_open_schema(site, api, previews.values())
        result = judge(site, previews.values(), environment.POLICY_PACK, unchecked)
        report(f"gate: {result.objects} objects, {len(result.rules)} rules, {_in_words(result.summary())}")
        if result.exit_code:
            raise GateFailed(result)
        planned = {name: preview for name, preview in previews.items() if name in chosen and preview.changes}
        if wish.targets:
            planned = _only(engine, planned, wish.targets)
        _ask_server(api, site, planned, wish.adopt, report)
        if planned:
            consent(planned)
        secret_store.ensure(site, api, report)
        if not planned:
            return Outcome(previews, (), None)
        outcome = Outcome(previews, tuple(planned), None)
        record = updates.begin(site, outcome.counts(), wish.command)
        _update(engine, chosen, planned, site, api, report)
        updates.finish(record, "done")
        return Outcome(previews, tuple(planned), record.number)


def _in_words(summary: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in summary.items() if count)


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


def _only(engine: Engine, planned: Mapping[str, Preview], keys: tuple[str, ...]) -> dict[str, Preview]:
    limited = {}
    for name, preview in planned.items():
        urns = [step.urn for step in preview.changes if step.key in keys]
        if urns:
            limited[name] = engine.preview(preview.project, targets=urns)
    return limited


def _ask_server(
    api: ApiServer, site: Site, planned: Mapping[str, Preview], adopt: frozenset[str], report: Report
) -> None:
    """Dry-run all that would be written; raise UserError when the server would refuse something."""
    creates: list[dict[str, Any]] = [s.manifest for p in planned.values() for s in p.of("create", "replace")]
    changes: list[dict[str, Any]] = [s.manifest for p in planned.values() for s in p.of("update")]
    if creates or changes:
        report(f"dry run on the server: {len(creates) + len(changes)} objects, strict")
        dry_run.refuse(dry_run.check(api, site, creates, changes, adopt))


def _update(
    engine: Engine,
    chosen: Mapping[str, Project],
    planned: Mapping[str, Preview],
    site: Site,
    api: ApiServer,
    report: Report,
) -> None:
    """Update the planned stacks, each as soon as the ones before it are done; the first failure stops new ones."""
    waiting = dict(planned)
    done = {name for name in chosen if name not in planned} | (projects().keys() - chosen.keys())
    running: dict[Future[None], str] = {}

    def one(preview: Preview) -> None:
        name = preview.project.name
        log = site.state_dir / "logs" / f"{name}.log"
        report(f"{name}: {' '.join(engine.command(preview.project, 'up', '--plan', str(preview.plan)))}")
        engine.update(preview, report, log)
        if name == "platform":
            secret_store.ensure(site, api, report)

    failures: list[str] = []
    with ThreadPoolExecutor(max_workers=UPDATES_AT_ONCE) as workers:
        while waiting or running:
            if not failures:
                for name in [n for n, p in waiting.items() if set(p.project.after) <= done]:
                    running[workers.submit(one, waiting.pop(name))] = name
            if not running:
                break
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                name = running.pop(future)
                error = future.exception()
                if error is None:
                    done.add(name)
                elif isinstance(error, UserError):
                    failures.append(str(error))
                else:
                    raise error
    if failures:
        raise UserError("\n".join(failures))
