"""Runs rules over objects and a site: one verdict per rule and resource of its target kinds."""

import traceback
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from yiyun.compliance.facts import NeedsPerson, NotApplicable, Object, Unevaluated, make_object
from yiyun.compliance.held_pods import HeldPod, held_pods
from yiyun.compliance.host import Host
from yiyun.compliance.model import Enforcement, Finding, Resource, Severity, State, Verdict
from yiyun.compliance.pods import HELD
from yiyun.compliance.rule import Rule
from yiyun.compliance.site_lines import site_line
from yiyun.compliance.world import World

if TYPE_CHECKING:
    from yiyun.compliance.difference import Difference
    from yiyun.site import Site

SHOWN_FINDINGS = 5
"""How many findings of one verdict its message spells out; the evidence has all."""


def _never_called() -> Iterable[Finding]:
    return ()


INPUT_READABLE = Rule(
    id="input_readable",
    clauses=(),
    baseline="yiyun:complete-input",
    severity=Severity.HIGH,
    enforcement=Enforcement.MANDATORY,
    scope="object",
    kinds=(),
    needs_site=False,
    across_stacks=False,
    title_zh="每个输入文件均可读取和判定",
    title_en="Every input can be read and judged",
    rationale="What was not read was not checked; a gate that skips it would call it clean.",
    remediation="Correct, render or remove what is named, then run the gate again.",
    check=_never_called,
)
"""Stands in reports for inputs that could not be read; it is no rule of a pack."""


@dataclass(frozen=True)
class Result:
    """All verdicts of one run."""

    rules: Mapping[str, Rule]
    verdicts: Sequence[Verdict]
    notes: Sequence[str] = field(default_factory=tuple)
    """What a reader must know beside the verdicts: rules left out, waivers without effect, inputs skipped."""
    objects: int = 0
    """How many objects were judged."""
    difference: "Difference | None" = None
    """What changed since an earlier audit, where it was compared with one."""

    def summary(self) -> dict[str, int]:
        """Number of verdicts in each state."""
        counts = Counter(verdict.state for verdict in self.verdicts)
        return {state.value: counts[state] for state in State}

    @property
    def exit_code(self) -> int:
        """0: nothing mandatory fails; 1: something mandatory fails or was not evaluated (manual and waived do not)."""
        stopping = (State.FAIL, State.NOT_EVALUATED)
        return int(
            any(v.state in stopping and self.rules[v.rule].enforcement is Enforcement.MANDATORY for v in self.verdicts)
        )

    def joined(self, other: "Result") -> "Result":
        """Both results as one."""
        return Result(
            {**self.rules, **other.rules},
            (*self.verdicts, *other.verdicts),
            (*self.notes, *(note for note in other.notes if note not in self.notes)),
            self.objects + other.objects,
        )


def evaluate(
    rules: Iterable[Rule],
    objects: Iterable[Object],
    site: "Site | None" = None,
    *,
    complete: bool = True,
) -> Result:
    """Run all rules. Never raises for what stands in the objects, nor for a mistake inside a rule.

    `complete=False`: the objects are only a part of what will be there, so rules of scope `objects` cannot tell what
    is missing and are not evaluated. Rules that need a site are left out, and named in the notes, where none is given.
    """
    rules = tuple(rules)
    objects = tuple(objects)
    verdicts: list[Verdict] = []
    left_out = [rule.id for rule in rules if rule.needs_site and site is None]
    dispatcher = Dispatcher(rules, site)
    world = World(objects, site) if complete else None
    for obj in objects:
        dispatcher.judge(obj, world, verdicts)
    if site is not None:
        verdicts += judge_site(rules, site)
    notes = [f"rules that need a site were not run (give --site): {', '.join(left_out)}"] if left_out else []
    known = {rule.id: rule for rule in (*rules, INPUT_READABLE)}
    return Result(known, verdicts, notes, len(objects))


def judge_site(rules: Iterable[Rule], site: "Site") -> list[Verdict]:
    """Verdicts of the rules of scope `site`, at the line of site.yaml that the first finding is about."""
    resource = Resource(site=site.name, file=str(site.path / "site.yaml"))
    verdicts = [_verdict(rule, resource, site) for rule in rules if rule.scope == "site"]
    return [
        v._replace(resource=resource._replace(line=site_line(site, v.evidence[0].path))) if v.evidence else v
        for v in verdicts
    ]


def judge_host(rules: Iterable[Rule], host: Host, site: "Site | None" = None) -> list[Verdict]:
    """Verdicts of the rules of scope `host` on one host; one that could not be read has none evaluated."""
    return [
        _on_host(rule, host, site) for rule in rules if rule.scope == "host" and not (rule.needs_site and site is None)
    ]


def _on_host(rule: Rule, host: Host, site: "Site | None") -> Verdict:
    if host.problem is not None:
        return Verdict(rule.id, State.NOT_EVALUATED, host.resource, host.problem)
    try:
        host.must_show(*rule.needs)
    except Unevaluated as error:
        return Verdict(rule.id, State.NOT_EVALUATED, host.resource, str(error))
    return _verdict(rule, host.resource, host, site) if rule.needs_site else _verdict(rule, host.resource, host)


def evaluate_object(
    rules: Iterable[Rule], data: Mapping[str, Any], *, site: "Site | None" = None, urn: str = ""
) -> list[Verdict]:
    """Verdicts of the rules of scope `object` for one plain object. For many objects keep a `Dispatcher`."""
    return Dispatcher(rules, site).object(data, urn=urn)


class Dispatcher:
    """Knows which rules judge which kind. Keep one for many objects."""

    def __init__(self, rules: Iterable[Rule], site: "Site | None" = None) -> None:
        self.site = site
        self._by_kind: dict[str, tuple[list[Rule], list[Rule]]] = {}
        for rule in rules:
            if rule.scope == "site" or (rule.needs_site and site is None):
                continue
            for kind in rule.kinds:
                own, cross = self._by_kind.setdefault(kind, ([], []))
                (own if rule.scope == "object" else cross).append(rule)

    def object(self, data: Mapping[str, Any], *, urn: str = "") -> list[Verdict]:
        """Verdicts of the rules of scope `object` for one plain object (unknown values: `UNKNOWN`)."""
        verdicts: list[Verdict] = []
        obj = make_object(data, urn=urn)
        self._own(obj, held_pods(obj), verdicts)
        return verdicts

    def judge(self, obj: Object, world: World | None, verdicts: list[Verdict]) -> None:
        """Add the verdicts of all rules of the object's kind; without a world, `objects` rules are not evaluated."""
        pods = held_pods(obj)
        self._own(obj, pods, verdicts)
        for rule in self._wanted(obj, pods, 1):
            if world is None:
                message = "the input is only a part of what will be there"
                verdicts.append(Verdict(rule.id, State.NOT_EVALUATED, obj.resource, message))
            else:
                verdicts.append(_judged(rule, obj, pods, world))

    def _own(self, obj: Object, pods: Sequence[HeldPod], verdicts: list[Verdict]) -> None:
        for rule in self._wanted(obj, pods, 0):
            if rule.needs_site:
                verdicts.append(_judged(rule, obj, pods, self.site))
            else:
                verdicts.append(_judged(rule, obj, pods))

    def _wanted(self, obj: Object, pods: Sequence[HeldPod], scope: Literal[0, 1]) -> Sequence[Rule]:
        """Rules for an object, those for the pods that it holds included. `scope`: 0 `object`, 1 `objects`."""
        of_kind = self._by_kind.get(obj.id, ((), ()))[scope]
        if not pods:
            return of_kind
        return [*of_kind, *(rule for rule in self._by_kind.get(HELD, ((), ()))[scope] if obj.id not in rule.kinds)]


def _judged(rule: Rule, obj: Object, pods: Sequence[HeldPod], *more: Any) -> Verdict:
    """Run one rule on an object, and on the pods that it holds where it judges those, as one verdict."""
    if not pods or HELD not in rule.kinds:
        return _told(rule, obj.resource, *_outcome(rule, obj, *more))
    outcomes = [_outcome(rule, obj, *more)] if obj.id in rule.kinds else []
    outcomes += [_of_pod(rule, held, *more) for held in pods]
    findings = list(dict.fromkeys(finding for _, _, found in outcomes for finding in found))
    state, message, _ = min(outcomes, key=lambda outcome: _WORST_FIRST.index(outcome[0]))
    return _told(rule, obj.resource, state, message, findings)


_WORST_FIRST = (State.NOT_EVALUATED, State.MANUAL, State.PASS, State.NOT_APPLICABLE)
Outcome = tuple[State, str, list[Finding]]
"""State where there is no finding, its reason, and the findings."""


def _of_pod(rule: Rule, held: HeldPod, *more: Any) -> Outcome:
    """Run one rule on a pod inside an object. Of a part of a pod only what it sets is judged: never a pass."""
    if held.look is None:
        return State.NOT_EVALUATED, held.problem, []
    state, message, findings = _outcome(rule, held.look, *more)
    if held.whole:
        return state, message, findings
    if state is State.PASS:
        state, message = State.NOT_APPLICABLE, f"{held.path} is a part of a pod, judged only for what it sets"
    return state, message, [finding for finding in findings if finding.value is not None]


def _verdict(rule: Rule, resource: Resource, *facts: Any) -> Verdict:
    """Run one rule on one resource."""
    return _told(rule, resource, *_outcome(rule, *facts))


def _outcome(rule: Rule, *facts: Any) -> Outcome:
    """Run one rule. A finding made before something could not be read still counts."""
    findings: list[Finding] = []
    try:
        for finding in rule.check(*facts):
            findings.append(finding)  # noqa: PERF402 (findings made before an exception must be kept)
    except Unevaluated as error:
        return State.NOT_EVALUATED, str(error), findings
    except NotApplicable as error:
        return State.NOT_APPLICABLE, str(error), findings
    except NeedsPerson as error:
        return State.MANUAL, str(error), findings
    except Exception as error:  # a rule's mistake must neither stop the gate nor pass
        return State.NOT_EVALUATED, _mistake(rule, error), findings
    return State.PASS, "", findings


def _told(rule: Rule, resource: Resource, state: State, message: str, findings: Sequence[Finding]) -> Verdict:
    """The verdict of an outcome: a fail where there is a finding."""
    if not findings:
        return Verdict(rule.id, state, resource, message)
    messages = list(dict.fromkeys(finding.message for finding in findings))
    shown = messages[:SHOWN_FINDINGS]
    if len(messages) > SHOWN_FINDINGS:
        shown.append(f"and {len(messages) - SHOWN_FINDINGS} more")
    return Verdict(rule.id, State.FAIL, resource, "; ".join(shown), tuple(findings))


def _mistake(rule: Rule, error: Exception) -> str:
    """Name a rule's mistake by type and place; its text is left out, since it could quote the object."""
    frames = traceback.extract_tb(error.__traceback__)
    at = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"rule {rule.id} broke off with {type(error).__name__}{at}"


def input_verdict(file: str, line: int, reason: str) -> Verdict:
    """Verdict for an input that could not be read."""
    return Verdict(INPUT_READABLE.id, State.NOT_EVALUATED, Resource(file=file, line=line), reason)
