"""The gate on a site: previews of all stacks, judged together, and a strict dry run. Writes nothing to the cluster."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from yiyun.compliance.engine import Result
from yiyun.compliance.gate import refusal
from yiyun.compliance.loader import load_rules
from yiyun.errors import SiteError
from yiyun.evidence.api_server import ApiServer
from yiyun.operations import dry_run, environment
from yiyun.operations.engine import Engine, Preview, Step
from yiyun.operations.previews import judge, preview_all, refused_verdict, with_open_schema
from yiyun.operations.projects import projects
from yiyun.operations.reach import reached
from yiyun.site import Site

Report = Callable[[str], None]


def gate_site(directory: Path, pack: Path, report: Report, *, allow_unchecked: bool = False) -> Result:
    """Judge the site in `directory`; its lab is started when it has one.

    A site that is refused for a reason that a rule stands for comes back as that rule's finding. Raises SiteError
    for every other refusal, UserError when a preview fails.
    """
    try:
        site = Site.load(directory)
    except SiteError as error:
        found = refusal(error, load_rules(pack))
        if found is None:
            raise
        return found
    seen = look(site, report, allow_unchecked=allow_unchecked)
    result = judge(site, seen.previews, pack, seen.unchecked)
    refused = [refused_verdict(step, reason) for step, reason in seen.refused]
    return replace(result, verdicts=[*result.verdicts, *refused])


@dataclass(frozen=True)
class Look:
    """What the stacks' programs would build, and what the API server says of it."""

    previews: Sequence[Preview]
    unchecked: Sequence[Step]
    """Steps whose kind stands with an open schema."""
    refused: Sequence[tuple[Step, str]]
    """Steps whose object the server refuses, and why."""


def look(site: Site, report: Report, *, allow_unchecked: bool = False) -> Look:
    """Preview all stacks and dry-run their objects; the site's lab is started when it has one.

    Raises UserError when a preview fails or the API server does not answer.
    """
    with reached(site, report):
        engine = Engine(site, "ci" if site.embedded else "ops", save_plans=False)
        previews = list(preview_all(engine, projects().values(), report).values())
        api = ApiServer(environment.kubeconfig(site))
        unchecked = [] if allow_unchecked else with_open_schema(site, api, previews)
        steps = [step for preview in previews for step in preview.wished if step.is_object]
        return Look(previews, unchecked, dry_run.check_fields(api, steps))
