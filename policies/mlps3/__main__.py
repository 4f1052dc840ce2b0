"""The pack as pulumi runs it: one dispatcher policy per enforcement level (design decision 7).

One policy object a rule would cost 6.6 ms a resource, one dispatcher for all costs 1 ms: pulumi's SDK reads the
whole resource again for each policy object. Rules of scope `objects` see the resources of the stack at hand; the ones whose facts
lie in several stacks are left to `./yiyun gate --site` and `./yiyun up`, which judge all stacks together.
A resource that hides its objects (a Helm release), or lets a controller make them (Flux, Argo CD), is not evaluated, and
stops as a mandatory rule does.
"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from yiyun.compliance.engine import INPUT_READABLE, Dispatcher, Result, evaluate
from yiyun.compliance.facts import make_object
from yiyun.compliance.hidden_objects import EMPTY, EXPANDED, hidden_verdict, why_hidden
from yiyun.compliance.loader import load_rules
from yiyun.compliance.makers import unseen_verdicts
from yiyun.compliance.model import Enforcement, State, Verdict
from yiyun.compliance.rule import Rule
from yiyun.compliance.waivers import apply_waivers, load_waivers
from yiyun.evidence.unknown import UNKNOWN
from yiyun.site import Site

PACK = Path(__file__).parent
KUBERNETES = "kubernetes:"
RULES = load_rules(PACK)
SITE = Site.load(Path(os.environ["YIYUN_SITE"])) if "YIYUN_SITE" in os.environ else None
WAIVERS = load_waivers(SITE.path / "waivers.yaml") if SITE and (SITE.path / "waivers.yaml").exists() else ()
STOPPING = {State.FAIL, State.NOT_EVALUATED}


def plain(value: Any) -> Any:
    """Undo the SDK's proxies: unknown values become UNKNOWN, whole numbers become integers again."""
    if hasattr(value, "keys"):
        return {name: _item(value, name) for name in value}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str | bytes | bool | int | float) or value is None:
        return value
    return [_item(value, index) for index in range(len(value))]


def _item(container: Any, key: Any) -> Any:
    try:
        return plain(container[key])
    except UnknownValueError:
        return UNKNOWN


def report(verdicts: Iterable[Verdict], rules: dict[str, Rule], violation: ReportViolation) -> None:
    """Report what fails or could not be evaluated, with clause and remedy; waived findings are left out."""
    result = apply_waivers(Result(rules, list(verdicts)), WAIVERS, datetime.now(UTC).astimezone().date())
    for verdict in result.verdicts:
        if verdict.state in STOPPING:
            rule = rules[verdict.rule]
            basis = ", ".join(rule.clauses) or rule.baseline
            text = f"[{rule.id}; {basis}] {verdict.message} Remedy: {rule.remediation}"
            violation(text, verdict.resource.urn or None)


def policies(level: Enforcement) -> list[ResourceValidationPolicy | StackValidationPolicy]:
    """The dispatcher of one enforcement level, for single resources and for the stack."""
    rules = {rule.id: rule for rule in RULES if rule.enforcement is level}
    across = [rule for rule in rules.values() if rule.scope == "objects" and not rule.across_stacks]
    dispatcher = Dispatcher(rules.values(), SITE)
    tells_hidden = INPUT_READABLE.enforcement is level
    known = {**rules, INPUT_READABLE.id: INPUT_READABLE}

    def resource(args: ResourceValidationArgs, violation: ReportViolation) -> None:
        if not args.resource_type.startswith(KUBERNETES) or args.resource_type in EXPANDED:
            return
        props = plain(args.props)
        if reason := why_hidden(args.resource_type, props):
            report([hidden_verdict(args.urn, reason)] if tells_hidden else [], known, violation)
        else:
            unseen = unseen_verdicts([make_object(props, urn=args.urn)]) if tells_hidden else []
            report([*dispatcher.object(props, urn=args.urn), *unseen], known, violation)

    def stack(args: StackValidationArgs, violation: ReportViolation) -> None:
        resources = [
            r for r in args.resources if r.resource_type.startswith(KUBERNETES) and r.resource_type not in EXPANDED
        ]
        parents = {r.parent.urn for r in args.resources if r.parent}
        empty = [r.urn for r in args.resources if r.resource_type in EXPANDED and r.urn not in parents]
        report([hidden_verdict(urn, EMPTY) for urn in empty] if tells_hidden else [], known, violation)
        objects = [make_object(plain(r.props), urn=r.urn) for r in resources]
        report(evaluate(across, objects, SITE).verdicts, rules, violation)

    wanted = EnforcementLevel.MANDATORY if level is Enforcement.MANDATORY else EnforcementLevel.ADVISORY
    return [
        ResourceValidationPolicy(f"mlps3-{level.value}", f"MLPS level 3, {level.value} rules", resource, wanted),
        StackValidationPolicy(
            f"mlps3-{level.value}-stack", f"MLPS level 3, {level.value} rules on the stack", stack, wanted
        ),
    ]


if __name__ == "__main__":
    PolicyPack("mlps3", [policy for level in Enforcement for policy in policies(level)], EnforcementLevel.MANDATORY)
