"""`import`: makes one object of somebody else's yiyun's own, before an up would refuse it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from yiyun.errors import UserError
from yiyun.operations import dry_run, lock, mend, updates
from yiyun.operations.engine import Preview
from yiyun.operations.up import check_keys, prepare
from yiyun.operations.watch import connected
from yiyun.site import Site

Report = Callable[[str], None]


def take_over(site: Site, key: str, consent: Callable[[Mapping[str, Preview]], None], report: Report) -> int | None:
    """Set the one object `key` (`Kind/namespace/name`) to what the site says, and own it from then on.

    Nothing else is written. The object is applied on the server as it is wished for; the next up finds it yiyun's own
    and enters it into the state. Returns the number of the recorded update; None when the object is yiyun's already.
    Raises GateFailed, and UserError when the site describes no such object, the server has none, or refuses it.
    """
    command = f"import {key}"
    with lock.hold(site, command), connected(site, report) as (engine, api):
        previews = prepare(site, engine, api, report)
        check_keys({key}, previews.values())
        marked, refusals, _ = mend.mark(api, site, previews, frozenset({key}))
        dry_run.refuse([refusal for refusal in refusals if refusal.key == key], site)
        name, step = next((name, step) for name, p in marked.items() for step in p.wished if step.key == key)
        if step.operation == "create" and not api.get(step.manifest):
            raise UserError(f"{key}: the server has no such object; ./yiyun up makes it")
        if not step.taken_from:
            return None
        step = replace(step, operation="mend", mend=True)
        plan = {name: replace(marked[name], steps=(step,), kept=())}
        dry_run.refuse(dry_run.check(api, site, [replace(step, operation="update")], frozenset({key})), site)
        consent(plan)
        record = updates.begin(site, {name: {"mend": 1}}, command)
        mend.apply_again(api, [step], report)
        updates.finish(record, "done")
        return record.number
