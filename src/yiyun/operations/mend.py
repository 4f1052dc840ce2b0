"""Puts back what others changed or deleted: an up ends with the cluster that site.yaml describes.

Pulumi compares site.yaml with its state and never sees such a change. Refreshing the state would show it, but could
make pulumi replace an object to put one field back. So the object is applied again as it was written, by server-side
apply: fields are put back in place, nothing is ever deleted, and the state needs no change.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from yiyun.components.kubernetes import AWAITED
from yiyun.errors import UserError
from yiyun.evidence.api_server import ApiError, ApiServer
from yiyun.operations.drift import Drift, compare, identity
from yiyun.operations.dry_run import Refusal, apply, is_named
from yiyun.operations.engine import Preview, Step
from yiyun.site import Site

Report = Callable[[str], None]
READY_WITHIN = 600.0
"""Seconds; the same as pulumi's provider waits."""


def mark(
    api: ApiServer, site: Site, previews: Mapping[str, Preview], adopt: frozenset[str]
) -> tuple[dict[str, Preview], list[Refusal], list[Drift]]:
    """Mark the steps whose object others changed or deleted on the server, or made before yiyun could.

    Returns the previews with these steps marked; the objects that cannot be put back, or that somebody else made
    meanwhile and that `adopt` does not name; and what others added, which stays.
    """

    def concerned(step: Step) -> bool:
        return step.operation in {"same", "update"} or (step.operation == "create" and is_named(step.key, adopt))

    manifests = [step.manifest for preview in previews.values() for step in preview.steps if concerned(step)]
    found = {drift.identity: drift for drift in compare(api, site, manifests)}
    refusals: list[Refusal] = []

    def marked(step: Step) -> Step:
        drift = found.get(identity(step.manifest)) if concerned(step) else None
        if drift is None:
            return step
        if step.operation == "create":
            paths = () if drift.gone else tuple(_in_words(drift))
            return replace(step, taken_from=drift.stranger, changed_paths=paths)
        if drift.stranger and not is_named(step.key, adopt):
            refusals.append(Refusal(step.key, f"was deleted, and made again by {drift.stranger}", foreign=True))
        elif step.operation == "update":
            return replace(step, mend=True) if drift.gone else step
        elif drift.refusal:
            reason = f"was changed on the server, and cannot be changed back: {drift.refusal}; say it in site.yaml"
            refusals.append(Refusal(step.key, reason))
        elif drift.differences or drift.stranger:
            paths = ("deleted by somebody",) if drift.gone else tuple(_in_words(drift))
            return replace(step, operation="mend", mend=True, changed_paths=paths, taken_from=drift.stranger)
        return step

    result = {name: replace(p, steps=tuple(marked(step) for step in p.steps)) for name, p in previews.items()}
    return result, refusals, [drift for drift in found.values() if drift.added]


def _in_words(drift: Drift) -> Iterable[str]:
    for difference in drift.differences:
        by = f" by {difference.manager}" if difference.manager else ""
        yield f"{difference.path} {difference.found}{by} -> {difference.wanted}"


def apply_again(api: ApiServer, steps: Iterable[Step], report: Report) -> None:
    """Apply the objects as they are wished for, in order, and wait for what a controller must make ready.

    Raises UserError when the server refuses one; run again to go on.
    """
    waited = []
    for step in steps:
        try:
            apply(api, step.manifest, dry_run=False)
        except ApiError as error:
            raise UserError(f"{step.key} could not be put back: {error.message}; run again to go on") from error
        report(f"put back {step.key}")
        if step.manifest["kind"] in AWAITED:
            waited.append(step)
    for step in waited:
        report(f"waiting until {step.key} is ready")
        _wait(api, step)


def _wait(api: ApiServer, step: Step) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while not _is_ready(api.get(step.manifest) or {}):
        if time.monotonic() > deadline:
            raise UserError(
                f"{step.key} was put back, but is not ready after {READY_WITHIN:.0f} s: kubectl describe it"
            )
        time.sleep(0.5)


def _is_ready(live: Mapping[str, Any]) -> bool:
    """Whether a Deployment runs as many pods of its newest template as it should."""
    status, wanted = live.get("status", {}), live.get("spec", {}).get("replicas")
    return status.get("observedGeneration", 0) >= live.get("metadata", {}).get("generation", 1) and all(
        status.get(count, 0) == wanted for count in ("replicas", "updatedReplicas", "availableReplicas")
    )
