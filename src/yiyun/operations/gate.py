"""The gate on a site: previews of all stacks, judged together, and a strict dry run. Writes nothing to the cluster."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from yiyun.compliance.engine import Result
from yiyun.compliance.gate import refusal
from yiyun.compliance.loader import load_rules
from yiyun.errors import SiteError
from yiyun.evidence.api_server import ApiServer
from yiyun.operations import dry_run, environment
from yiyun.operations.engine import Engine
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
    with reached(site, report):
        engine = Engine(site, "ci" if site.embedded else "ops", save_plans=False)
        previews = preview_all(engine, projects().values(), report)
        api = ApiServer(environment.kubeconfig(site))
        unchecked = [] if allow_unchecked else with_open_schema(site, api, previews.values())
        result = judge(site, previews.values(), pack, unchecked)
        refused = dry_run.check_fields(api, [step for preview in previews.values() for step in preview.wished])
    return replace(result, verdicts=[*result.verdicts, *(refused_verdict(step, reason) for step, reason in refused)])
