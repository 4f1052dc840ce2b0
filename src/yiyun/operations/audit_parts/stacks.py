"""What the stacks' programs would build, judged as the gate does."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from yiyun.compliance.engine import Result
from yiyun.compliance.rule import Rule
from yiyun.compliance.running import not_judged
from yiyun.errors import UserError
from yiyun.evidence.redaction import redacted
from yiyun.evidence.stacks import StacksRecord
from yiyun.operations.engine import Step
from yiyun.operations.gate import look
from yiyun.operations.previews import judge_steps, refused_verdict
from yiyun.site import Site

Report = Callable[[str], None]
DIRECTORY = "stacks"
"""Of its evidence, below the audit's."""


def read(site: Site, report: Report) -> StacksRecord:
    """Preview all stacks; the site's lab is started when it has one. What goes wrong is the record's problem."""
    taken = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        seen = look(site, report)
    except UserError as error:
        report(f"stacks: {error}")
        return StacksRecord(taken, f"the stacks could not be previewed: {error}")
    stacks = {
        preview.project.name: {step.urn: redacted(step.manifest) if step.is_object else {} for step in preview.wished}
        for preview in seen.previews
    }
    return StacksRecord(
        taken, None, stacks, tuple(step.urn for step in seen.unchecked), {step.urn: why for step, why in seen.refused}
    )


def judge(rules: Sequence[Rule], kept: StacksRecord, site: Site | None) -> Result:
    """Verdicts of the rules on objects; one per rule, not evaluated, where the stacks could not be previewed."""
    on_objects = [rule for rule in rules if rule.kinds]
    if kept.problem is not None:
        return Result({rule.id: rule for rule in on_objects}, not_judged(on_objects, DIRECTORY, kept.problem, site))
    steps = {urn: Step("same", urn, dict(obj)) for stack in kept.stacks.values() for urn, obj in stack.items()}
    # The site itself is judged once, beside all parts.
    result = judge_steps(on_objects, steps.values(), site, [steps[urn] for urn in kept.unchecked])
    refused = [refused_verdict(steps[urn], why) for urn, why in kept.refused.items()]
    return Result(result.rules, [*result.verdicts, *refused], (), result.objects)
