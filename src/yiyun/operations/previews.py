"""Previews of all stacks at once, and their judgement by the policy pack."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from yiyun.compliance.engine import INPUT_READABLE, Result, evaluate, input_verdict
from yiyun.compliance.facts import Object, make_object
from yiyun.compliance.hidden_objects import hidden_verdict
from yiyun.compliance.loader import load_rules
from yiyun.compliance.makers import unseen_verdicts
from yiyun.compliance.model import Finding, State, Verdict
from yiyun.compliance.rule import Rule
from yiyun.compliance.waivers import apply_waivers, load_waivers
from yiyun.evidence.api_server import ApiServer
from yiyun.lab.lab import Lab
from yiyun.operations import real
from yiyun.operations.computed import known
from yiyun.operations.engine import Engine, Preview, Step
from yiyun.operations.projects import Project
from yiyun.site import Site

Report = Callable[[str], None]
AT_ONCE = 3
"""Previews that run at the same time; each keeps a Python and two plugins busy."""


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
    what hides its objects, such as a Helm release, or lets a controller make them.
    """
    listed = list(steps)
    objects = [_object(step) for step in listed if step.is_object]
    result = evaluate(rules, objects, site)
    hidden = [hidden_verdict(step.urn, step.hides) for step in listed if not step.is_object]
    reason = (
        "no source has the CRD of this kind, so nothing checked its fields (--allow-unchecked-schemas accepts that)"
    )
    unread = [input_verdict(step.key, 0, reason) for step in unchecked]
    return replace(result, verdicts=[*result.verdicts, *unread, *hidden, *unseen_verdicts(objects)])


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
    return make_object(known(step.manifest), urn=step.urn)
