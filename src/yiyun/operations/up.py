"""`up`: preview, gate, strict dry run, consent, then an update that follows the saved plans (design decision 5)."""

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from yiyun.compliance.engine import Result
from yiyun.errors import UserError
from yiyun.evidence.api_server import ApiServer
from yiyun.operations import dry_run, environment, lock, mend, secret_store, updates
from yiyun.operations.engine import CHANGES, Engine, Preview
from yiyun.operations.previews import judge, preview_all, with_open_schema
from yiyun.operations.projects import projects, select
from yiyun.operations.recovery import recover
from yiyun.operations.schedule import run_in_order
from yiyun.operations.watch import connected
from yiyun.site import Site

Report = Callable[[str], None]


class GateFailed(Exception):  # noqa: N818  # it is an outcome, reported by `result`
    """The plan does not pass the policy gate; nothing was written."""

    def __init__(self, result: Result) -> None:
        self.result = result
        super().__init__("the plan does not pass the policy gate; nothing was written")


@dataclass(frozen=True)
class Outcome:
    """What an up did."""

    previews: Mapping[str, Preview]
    """All stacks, in order."""
    done: Mapping[str, Preview]
    """The stacks in which something was to be done, and exactly that."""
    number: int | None
    """Number of the recorded update; None when nothing had to change."""

    def counts(self) -> dict[str, dict[str, int]]:
        """Stack name to number of objects per operation, `same` included."""
        result = {}
        for name, preview in self.previews.items():
            steps = Counter(step.operation for step in self.done[name].steps) if name in self.done else Counter()
            counts = {operation: steps[operation] for operation in (*CHANGES, "mend")}
            result[name] = counts | {"same": len(preview.wished) - sum(counts.values()) + counts["delete"]}
        return result


@dataclass(frozen=True)
class Wish:
    """What the user asked for."""

    stacks: tuple[str, ...] = ()
    """Names of the stacks to update; empty: all. All are previewed and judged anyway."""
    adopt: frozenset[str] = frozenset()
    """Keys of objects that may be taken over though somebody else made them; `*` for all."""
    command: str = "up"
    allow_unchecked: bool = False


def up(site: Site, wish: Wish, consent: Callable[[Mapping[str, Preview]], None], report: Report) -> Outcome:
    """Bring the cluster to what the site says.

    `consent` gets the plan of the selected stacks and raises to stop. Raises GateFailed, and UserError when the
    server would refuse an object or an update fails; run again to go on.
    """
    chosen = select(list(wish.stacks))
    with lock.hold(site, wish.command), connected(site, report) as (engine, api):
        previews = prepare(site, engine, api, report, allow_unchecked=wish.allow_unchecked)
        wished = {name: preview for name, preview in previews.items() if name in chosen}
        check_keys(wish.adopt, wished.values())
        wished, refusals, drifted = mend.mark(api, site, wished, wish.adopt)
        planned = {name: preview for name, preview in wished.items() if preview.changes or preview.mends}
        dry_run.refuse([*refusals, *_ask_server(api, site, planned, wish.adopt, report)], site)
        for drift in drifted:
            fields = ", ".join(difference.path for difference in drift.added)
            report(f"{drift.key}: others added {fields}; it stays, ./yiyun drift shows it")
        if planned:
            consent(planned)
        secret_store.ensure(site, api, report)
        if not planned:
            return Outcome(previews, {}, None)
        creates = {name: [step.state for step in p.of("create", "replace")] for name, p in planned.items()}
        record = updates.begin(site, Outcome(previews, planned, None).counts(), wish.command, creates)
        _update(engine, planned, site, api, report)
        updates.finish(record, "done")
        return Outcome(previews, planned, record.number)


def prepare(
    site: Site, engine: Engine, api: ApiServer, report: Report, *, allow_unchecked: bool = False
) -> dict[str, Preview]:
    """Put right what a killed update left, preview all stacks and judge them.

    Raises GateFailed, and UserError when a preview fails. The caller holds the lock.
    """
    recover(site, engine, api, projects().values(), report)
    previews = preview_all(engine, projects().values(), report)
    unchecked = [] if allow_unchecked else with_open_schema(site, api, previews.values())
    result = judge(site, previews.values(), environment.POLICY_PACK, unchecked)
    report(f"gate: {result.objects} objects, {len(result.rules)} rules, {_in_words(result.summary())}")
    if result.exit_code:
        raise GateFailed(result)
    return previews


def _in_words(summary: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in summary.items() if count)


def check_keys(keys: Iterable[str], previews: Iterable[Preview]) -> None:
    """Refuse keys that no object of the site has: a misspelled one would silently take nothing over."""
    known = {step.key for preview in previews for step in preview.wished}
    for name in sorted(set(keys) - known - {"*"}):
        same_name = [key for key in known if key.rpartition("/")[2] == name.rpartition("/")[2]]
        hints = sorted(same_name) or difflib.get_close_matches(name, known, n=3)
        raise UserError(
            f"{name}: no object of the site is called so (Kind/namespace/name, or Kind/name)"
            + (f"; did you mean {' or '.join(hints[:3])}" if hints else "")
        )


def _ask_server(
    api: ApiServer, site: Site, planned: Mapping[str, Preview], adopt: frozenset[str], report: Report
) -> list[dry_run.Refusal]:
    """Dry-run all that would be written; return what the server would refuse, or somebody else made."""
    steps = [step for preview in planned.values() for step in preview.of("create", "update", "replace")]
    if not steps:
        return []
    report(f"dry run on the server: {len(steps)} objects, strict")
    return dry_run.check(api, site, steps, adopt)


def _update(
    engine: Engine,
    planned: Mapping[str, Preview],
    site: Site,
    api: ApiServer,
    report: Report,
) -> None:
    """Update the planned stacks, each as soon as the ones before it are done; the first failure stops new ones."""

    def one(name: str) -> None:
        preview = planned[name]
        mend.apply_again(api, preview.mends, report)
        if preview.changes:
            log = site.state_dir / "logs" / f"{name}.log"
            report(f"{name}: {' '.join(engine.command(preview.project, 'up', '--plan', str(preview.plan)))}")
            engine.update(preview, report, log)
        if name == "platform":
            secret_store.ensure(site, api, report)

    run_in_order(planned, {name: project.after for name, project in projects().items()}, one)
