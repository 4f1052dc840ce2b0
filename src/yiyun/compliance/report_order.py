"""Which verdicts a report shows, and in which order: most severe first."""

from collections.abc import Iterator

from yiyun.compliance.engine import Result
from yiyun.compliance.model import SEVERITY_ORDER, Enforcement, State, Verdict
from yiyun.compliance.rule import Rule

STATE_ORDER = {
    state: place
    for place, state in enumerate(
        (State.FAIL, State.NOT_EVALUATED, State.WAIVED, State.MANUAL, State.NOT_APPLICABLE, State.PASS)
    )
}
QUIET = (State.PASS, State.NOT_APPLICABLE)
"""States that reports leave out unless all verdicts are asked for."""


def grouped(result: Result, all_verdicts: bool) -> Iterator[tuple[Rule, list[Verdict]]]:
    """Rules with the verdicts to show: mandatory before advisory, by severity, then by id."""
    groups: dict[str, list[Verdict]] = {}
    for verdict in result.verdicts:
        if all_verdicts or verdict.state not in QUIET:
            groups.setdefault(verdict.rule, []).append(verdict)

    def worst_first(rule_id: str) -> tuple[int, bool, int, str]:
        rule = result.rules[rule_id]
        worst = min(STATE_ORDER[verdict.state] for verdict in groups[rule_id])
        advisory = rule.enforcement is not Enforcement.MANDATORY
        return (worst > STATE_ORDER[State.NOT_EVALUATED], advisory, SEVERITY_ORDER[rule.severity], rule_id)

    for rule_id in sorted(groups, key=worst_first):
        yield result.rules[rule_id], sorted(groups[rule_id], key=lambda verdict: STATE_ORDER[verdict.state])
