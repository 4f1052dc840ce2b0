"""Previews of all stacks at once, and their judgement by the policy pack."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from yiyun.compliance.engine import INPUT_READABLE, Result, evaluate, input_verdict
from yiyun.compliance.facts import Object, make_object
from yiyun.compliance.hidden_objects import hidden_verdict, type_of, why_hidden
from yiyun.compliance.loader import load_rules
from yiyun.compliance.model import Finding, State, Verdict
from yiyun.compliance.rule import Rule
from yiyun.compliance.waivers import apply_waivers, load_waivers
from yiyun.evidence.api_server import ApiServer
from yiyun.evidence.unknown import UNKNOWN
from yiyun.lab.lab import Lab
from yiyun.operations import real
from yiyun.operations.engine import Engine, Preview, Step
from yiyun.operations.projects import Project
from yiyun.site import Site

Report = Callable[[str], None]
AT_ONCE = 3
"""Previews that run at the same time; each keeps a Python and two plugins busy."""

COMPUTED = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # string
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
"""What pulumi writes for a value that only the update will know (its SDK's constants)."""


def preview_all(engine: Engine, projects: Iterable[Project], report: Report) -> dict[str, Preview]:
    """Preview every stack, some at a time, and return the previews in the stacks' order."""
    listed = list(projects)

    def one(project: Project) -> Preview:
        preview = engine.preview(project)
        report(f"previewed {project.name}: {len(preview.wished)} objects, {len(preview.changes)} to change")
        return preview

    with ThreadPoolExecutor(max_workers=AT_ONCE) as workers:
        return {preview.project.name: preview for preview in workers.map(one, listed)}


def judge(site: Site, previews: Iterable[Preview], pack: Path, unchecked: Iterable[Step]) -> Result:
    """Judge the objects of all stacks together, and the site, with the rules of `pack` and the site's waivers."""
    steps = [step for preview in previews for step in preview.wished]
    result = judge_steps(load_rules(pack), steps, site, unchecked)
    path = site.path / "waivers.yaml"
    waivers = load_waivers(path) if path.exists() else ()
    return apply_waivers(result, waivers, datetime.now(UTC).astimezone().date())


def judge_steps(rules: Iterable[Rule], steps: Iterable[Step], site: Site | None, unchecked: Iterable[Step]) -> Result:
    """Judge the objects of all stacks together, and the site where one is given. No waiver counts yet.

    `unchecked`: steps whose kind has no real CRD in any source; nothing checked their fields: not evaluated. Nor is
    what hides its objects, such as a Helm release.
    """
    listed = [(step, _hides(step)) for step in steps]
    result = evaluate(rules, [_object(step) for step, hides in listed if not hides], site)
    hidden = [hidden_verdict(step.urn, hides) for step, hides in listed if hides]
    reason = (
        "no source has the CRD of this kind, so nothing checked its fields (--allow-unchecked-schemas accepts that)"
    )
    unread = [input_verdict(step.key, 0, reason) for step in unchecked]
    return replace(result, verdicts=[*result.verdicts, *unread, *hidden])


def _hides(step: Step) -> str:
    told = {name: _known(step.manifest.get(name)) for name in ("apiVersion", "kind")}
    return why_hidden(type_of(step.urn), told)


def with_open_schema(site: Site, api: ApiServer, previews: Iterable[Preview]) -> list[Step]:
    """The wished objects whose kind stands on the site's lab with an open schema, so that nothing checks them."""
    names = _unchecked_kinds(site, api)
    return [
        step
        for preview in previews
        for step in preview.wished
        if names
        and step.is_object
        and (kind := api.kind(step.manifest["apiVersion"], step.manifest["kind"]))
        and f"{kind.plural}.{kind.api_version.partition('/')[0]}" in names
    ]


def _unchecked_kinds(site: Site, api: ApiServer) -> set[str]:
    if site.on_lab_hosts:
        return real.unchecked_kinds(api)
    return Lab(site).unchecked_kinds if site.embedded else set()


def refused_verdict(step: Step, reason: str) -> Verdict:
    """The finding for an object that the API server refuses as it is written."""
    message = f"the API server refuses it: {reason}"
    return Verdict(INPUT_READABLE.id, State.FAIL, _object(step).resource, message, (Finding(message),))


def _object(step: Step) -> Object:
    return make_object(_known(step.manifest), urn=step.urn)


def _known(value: Any) -> Any:
    if isinstance(value, str):
        return UNKNOWN if value in COMPUTED else value
    if isinstance(value, Mapping):
        return {name: _known(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_known(item) for item in value]
    return value
