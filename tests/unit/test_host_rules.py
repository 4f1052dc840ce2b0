"""Rules of scope `host`: what becomes of a pass when a fact is lost, turned round, or of another type."""

import sys
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import host_cases
import pytest
from rule_cases import Case, cases, lab, rules

from yiyun.compliance.engine import judge_host
from yiyun.compliance.host import Host
from yiyun.compliance.model import State
from yiyun.evidence.hosts import probes
from yiyun.evidence.unknown import UNKNOWN
from yiyun.operations.audit_parts.hosts import host_rules

HOST_RULES = [rule for rule in rules().values() if rule.scope == "host"]
PASSING = {case.rule.id: case for case in reversed(cases("pass")) if case.rule.scope == "host"}
"""The first passing case of each rule."""

Path = tuple[str | int, ...]


class Watched(dict[str, Any]):
    """A mapping that notes every fact that is read, with its path."""

    def __init__(self, data: Mapping[str, Any], path: Path, read: dict[Path, Any]) -> None:
        super().__init__({key: watched(value, (*path, key), read) for key, value in data.items()})
        self.path, self.read, self.plain = path, read, data

    def __getitem__(self, key: str) -> Any:
        found = super().__getitem__(key)
        self.read[(*self.path, key)] = self.plain[key]
        return found


def watched(value: Any, path: Path, read: dict[Path, Any]) -> Any:
    if isinstance(value, Mapping):
        return Watched(value, path, read)
    if isinstance(value, list):
        return [watched(item, (*path, index), read) for index, item in enumerate(value)]
    return value


def state(case: Case, facts: Mapping[str, Any]) -> State:
    (verdict,) = judge_host([case.rule], Host(host_cases.name_of(case.file), facts), lab())
    assert "broke off" not in verdict.message, verdict.message
    return verdict.state


def changed(value: Any, path: Path, new: Any) -> Any:
    """A copy with one value exchanged; `...` removes it. What lies beside the path is shared."""
    key, rest = path[0], path[1:]
    copied: Any = list(value) if isinstance(value, list) else dict(value)
    if rest:
        copied[key] = changed(copied[key], rest, new)
    elif new is ...:
        del copied[key]
    else:
        copied[key] = new
    return copied


def turned(value: Any) -> Iterator[Any]:
    """Values of the same type that say something else."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 10**6, -1 - value, 0 if value else 1)
    elif isinstance(value, str):
        yield {"yes": "no", "no": "yes", "0": "1", "1": "0"}.get(value, "yiyun-mutant")
    elif isinstance(value, list):
        yield from ([], ["yiyun-mutant"]) if not value or isinstance(value[0], str) else ([],)
    elif isinstance(value, Mapping):
        yield {}
    else:
        yield "yiyun-mutant"


def retyped(value: Any) -> Any:
    return ["yiyun-mutant"] if isinstance(value, str) or value is None else "yiyun-mutant"


def readings(case: Case) -> tuple[Mapping[str, Any], dict[Path, Any]]:
    """The facts of a passing case, and those of them that the rule reads."""
    facts = host_cases.facts_of(case.file, case.rule.probes)
    read: dict[Path, Any] = {}
    assert state(case, Watched(facts, (), read)) is State.PASS
    return facts, read


class Survivor(NamedTuple):
    """A fact whose loss or change did not end the pass."""

    path: str
    how: list[str]
    """`lost`: still judged without it; `retyped`, `turned`: still a pass."""
    reason: str | None
    """Pattern of the case's `survives` that explains it; only `turned` can be explained."""


def survivors(case: Case) -> tuple[int, list[Survivor]]:
    """Number of facts read, and those that survived."""
    facts, read = readings(case)
    reasons = host_cases.content(case.file).get("survives", {})
    found = []
    for path, value in read.items():
        lost = state(case, changed(facts, path, ...)) is not State.NOT_EVALUATED
        wrong = state(case, changed(facts, path, retyped(value))) in (State.PASS, State.NOT_APPLICABLE)
        other = all(state(case, changed(facts, path, new)) is State.PASS for new in turned(value))
        how = [name for name, hit in (("lost", lost), ("retyped", wrong), ("turned", other)) if hit]
        if how:
            dotted = ".".join(map(str, path))
            reason = next((each for each in reasons if how == ["turned"] and fnmatchcase(dotted, each)), None)
            found.append(Survivor(dotted, how, reason))
    return len(read), found


def test_no_pass_survives_the_loss_or_change_of_a_fact_without_a_reason(capsys):
    facts, explained, problems = 0, 0, []
    for rule_id, case in sorted(PASSING.items()):
        count, found = survivors(case)
        assert count, f"{rule_id} reads nothing"
        problems += [f"{rule_id}: {each.path}: {', '.join(each.how)}" for each in found if each.reason is None]
        idle = set(host_cases.content(case.file).get("survives", {})) - {each.reason for each in found}
        problems += [f"{rule_id}: the reason for {each} is not needed" for each in sorted(idle)]
        facts, explained = facts + count, explained + sum(each.reason is not None for each in found)
    with capsys.disabled():
        sys.stdout.write(f"\nhost rules: {len(PASSING)}; facts read: {facts}; survivors with a reason: {explained}\n")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("rule_id", [rule.id for rule in HOST_RULES])
def test_a_probe_without_an_answer_is_not_evaluated(rule_id):
    rule = rules()[rule_id]
    host = Host("case", dict.fromkeys(rule.probes, UNKNOWN))
    (verdict,) = judge_host([rule], host, lab())
    assert verdict.state is State.NOT_EVALUATED
    assert UNKNOWN.reason in verdict.message


def test_rules_name_probes_of_their_tier():
    known = probes.load()
    assert [rule.id for rule in host_rules(rules().values())] == [rule.id for rule in HOST_RULES]
    for rule in HOST_RULES:
        deep = any(known[name].tier == "deep" for name in rule.probes)
        assert rule.tier == ("deep" if deep else "fast"), rule.id


def test_an_unreachable_host_has_one_verdict_per_rule():
    verdicts = judge_host(HOST_RULES, Host("away", {}, problem="no answer within 90 s"), lab())
    assert len(verdicts) == len(HOST_RULES)
    assert {(verdict.state, verdict.message) for verdict in verdicts} == {
        (State.NOT_EVALUATED, "no answer within 90 s")
    }


def test_what_a_container_cannot_show_is_not_evaluated():
    for rule in HOST_RULES:
        if rule.needs:
            (verdict,) = judge_host([rule], Host("lab", {}, lacks=rule.needs), lab())
            assert verdict.state is State.NOT_EVALUATED
            assert rule.needs[0] in verdict.message


def test_every_probe_is_read_by_a_rule():
    assert {name for rule in HOST_RULES for name in rule.probes} == set(probes.load())


def table() -> str:
    """One line per rule: facts read in its passing case, killed, survivors with a reason, without one."""
    rows = [f"{'rule':32} facts killed reasoned unexplained"]
    for rule_id, case in sorted(PASSING.items()):
        count, found = survivors(case)
        reasoned = sum(each.reason is not None for each in found)
        unexplained = len(found) - reasoned
        rows.append(f"{rule_id:32} {count:5} {count - reasoned - unexplained:6} {reasoned:8} {unexplained:11}")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
