"""The gate: judges an input against a policy pack. The CLI only prints what comes back."""

import gc
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from yiyun.compliance.engine import Result, evaluate, input_verdict
from yiyun.compliance.facts import make_object
from yiyun.compliance.loader import load_rules
from yiyun.compliance.makers import unseen_verdicts
from yiyun.compliance.model import Finding, Resource, State, Verdict
from yiyun.compliance.rule import Rule
from yiyun.compliance.waivers import apply_waivers, load_waivers
from yiyun.errors import SiteError
from yiyun.evidence.manifests import load

if TYPE_CHECKING:
    from yiyun.site import Site

_SHOWN_SKIPPED = 5
_PLACE = re.compile(r"^(?P<file>.+?):(?P<line>\d+)(:\d+)?:? *")


def gate_manifests(
    paths: Iterable[Path | str],
    pack_dir: Path | str,
    site: "Site | None" = None,
    waivers: Path | str | None = None,
    values: Sequence[Path] = (),
) -> Result:
    """Judge manifests in files and directories, and charts rendered with `values`. No cluster is needed.

    Raises UserError for bad input: a path that does not exist, no Kubernetes object at all, a broken pack, a
    waivers or values file that cannot be read. Parts that cannot be read among readable ones are verdicts of
    `input_readable`, and so are objects from which controllers make others.
    """
    rules = load_rules(pack_dir)
    consents = load_waivers(waivers) if waivers is not None else ()
    loaded = load(paths, values)
    collecting = gc.isenabled()
    gc.disable()  # tens of thousands of verdicts, no cycles
    try:
        objects = [
            make_object(item.data, file=item.file, line=item.line, template=item.template) for item in loaded.objects
        ]
        result = evaluate(rules, objects, site)
        unread = [input_verdict(problem.file, problem.line, problem.reason) for problem in loaded.problems]
        unread += unseen_verdicts(objects)
        notes = [*result.notes, *loaded.rendered]
        notes += [f"{p.file}:{p.line}: not judged: {p.reason}" for p in loaded.skipped[:_SHOWN_SKIPPED]]
        if len(loaded.skipped) > _SHOWN_SKIPPED:
            notes.append(f"and {len(loaded.skipped) - _SHOWN_SKIPPED} more documents that are no Kubernetes objects")
        result = replace(result, verdicts=[*result.verdicts, *unread], notes=tuple(notes))
        return apply_waivers(result, consents, datetime.now(UTC).astimezone().date())
    finally:
        if collecting:
            gc.enable()


def refusal(error: SiteError, rules: Sequence[Rule]) -> Result | None:
    """The finding that a refused site.yaml stands for, or None when the refusal stands for no rule of the pack."""
    known = {rule.id: rule for rule in rules}
    name = error.rule
    if name is None or name not in known:
        return None
    place = _PLACE.match(str(error))
    file, line = (place["file"], int(place["line"])) if place else ("", 0)
    message = str(error)[place.end() :] if place else str(error)
    resource = Resource(site=Path(file).parent.name if file else "", file=file, line=line)
    return Result(known, [Verdict(name, State.FAIL, resource, message, (Finding(message),))])
