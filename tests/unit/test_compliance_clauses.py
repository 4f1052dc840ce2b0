"""Clause verdicts: the table of design decision 8, worst first, and what never makes a clause look better."""

from dataclasses import replace
from datetime import date
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rule_cases import PACK, rules

from yiyun.compliance import Severity, rule
from yiyun.compliance.attestations import Claim
from yiyun.compliance.catalogue import Catalogue, load_catalogue
from yiyun.compliance.clauses import ClauseState, clause_state, point_state, roll_up
from yiyun.compliance.engine import INPUT_READABLE, input_verdict
from yiyun.compliance.model import Resource, State, Verdict
from yiyun.compliance.rule import Rule

FAILS, PARTLY, UNCHECKED = ClauseState.DOES_NOT_CONFORM, ClauseState.PARTLY_CONFORMS, ClauseState.NOT_CHECKED
CONFORMS, NOT_APPLICABLE = ClauseState.CONFORMS, ClauseState.NOT_APPLICABLE
RANK = {FAILS: 0, PARTLY: 1, UNCHECKED: 2, CONFORMS: 3, NOT_APPLICABLE: 3}
"""The worse, the lower."""

many = st.lists(st.sampled_from(State), max_size=8)
some_attestation = st.sampled_from((None, False, True))


@pytest.mark.parametrize(
    ("states", "attested", "expected"),
    [
        ("pass", None, CONFORMS),
        ("pass not_applicable", None, CONFORMS),
        ("not_applicable not_applicable", None, NOT_APPLICABLE),
        ("fail", None, FAILS),
        ("waived", None, FAILS),
        ("fail not_evaluated not_applicable manual", None, FAILS),
        ("fail pass", None, PARTLY),
        ("waived pass", None, PARTLY),
        ("waived pass not_evaluated", None, PARTLY),
        ("fail", True, FAILS),
        ("pass not_evaluated", None, UNCHECKED),
        ("not_applicable not_evaluated", None, UNCHECKED),
        ("not_evaluated", True, UNCHECKED),
        ("pass manual", None, UNCHECKED),
        ("pass manual", False, UNCHECKED),
        ("pass manual", True, CONFORMS),
        ("manual", True, CONFORMS),
        ("pass", False, UNCHECKED),
        ("not_applicable", False, UNCHECKED),
        ("not_applicable", True, CONFORMS),
        ("", None, UNCHECKED),
        ("", False, UNCHECKED),
        ("", True, CONFORMS),
    ],
)
def test_the_table(states, attested, expected):
    assert clause_state([State(word) for word in states.split()], attested=attested) is expected


def test_the_words_of_assessors():
    assert [state.zh for state in ClauseState] == ["不符合", "部分符合", "未核查", "符合", "不适用"]


@given(many, some_attestation)
def test_any_fail_or_waiver_comes_first(states, attested):
    failing = {State.FAIL, State.WAIVED} & set(states)
    state = clause_state(states, attested=attested)
    assert (state in (FAILS, PARTLY)) == bool(failing)
    if failing:
        assert (state is PARTLY) == (State.PASS in states)


@given(many, some_attestation)
def test_a_waiver_never_upgrades(states, attested):
    waived = [State.WAIVED if state is State.FAIL else state for state in states]
    assert clause_state(waived, attested=attested) is clause_state(states, attested=attested)


@given(many, st.sampled_from((State.FAIL, State.WAIVED, State.NOT_EVALUATED, State.MANUAL)), some_attestation)
def test_bad_news_never_improves_a_clause(states, worse, attested):
    after = clause_state([*states, worse], attested=attested)
    before = clause_state(states, attested=attested)
    assert RANK[after] <= RANK[before] or (worse is State.MANUAL and attested is True)


@given(many)
def test_a_missing_attestation_leaves_nothing_better_than_unchecked(states):
    missing = clause_state(states, attested=False)
    assert RANK[missing] <= RANK[UNCHECKED]
    assert RANK[missing] <= min(RANK[clause_state(states, attested=other)] for other in (None, True))


@given(many.filter(lambda states: State.NOT_EVALUATED in states), some_attestation)
def test_what_was_not_evaluated_never_conforms(states, attested):
    assert clause_state(states, attested=attested) not in (CONFORMS, NOT_APPLICABLE)


@given(st.integers(1, 9))
def test_all_not_applicable(number):
    assert clause_state([State.NOT_APPLICABLE] * number) is NOT_APPLICABLE


@given(many, some_attestation, st.randoms())
def test_order_and_number_do_not_matter(states, attested, random):
    shuffled = states * 2
    random.shuffle(shuffled)
    assert clause_state(shuffled, attested=attested) is clause_state(states, attested=attested)


@given(many, some_attestation)
def test_conforming_needs_proof(states, attested):
    if clause_state(states, attested=attested) is CONFORMS:
        assert State.PASS in states or attested is True


@pytest.mark.parametrize(
    ("clauses", "expected"),
    [
        ((CONFORMS, NOT_APPLICABLE), CONFORMS),
        ((NOT_APPLICABLE, NOT_APPLICABLE), NOT_APPLICABLE),
        ((CONFORMS, UNCHECKED), UNCHECKED),
        ((FAILS, UNCHECKED), FAILS),
        ((FAILS, CONFORMS), PARTLY),
        ((PARTLY,), PARTLY),
        ((PARTLY, FAILS, UNCHECKED), PARTLY),
    ],
)
def test_control_points_by_the_same_table(clauses, expected):
    assert point_state(clauses) is expected


def test_a_control_point_without_clauses_is_a_mistake():
    with pytest.raises(ValueError, match="has clauses"):
        point_state([])


BY_RULES, BY_BOTH, BY_PERSON, ON_DEMAND = "8.1.4.4-b", "8.1.1.8-a", "8.1.1.5-a", "8.1.2.2-b"
CLAIM = Claim(BY_PERSON, "fire_inspection", "Li Wei", date(2027, 9, 14), "fire.yaml:4", None)


@cache
def catalogue() -> Catalogue:
    return load_catalogue(PACK)


def made(name: str, *clauses: str) -> Rule:
    def check(obj):
        return ()

    check.__name__ = name
    texts = {"title_zh": "标题", "title_en": "title", "rationale": "why", "remediation": "what to do"}
    return rule(severity=Severity.HIGH, baseline="test:rule", kinds=("Pod",), clauses=clauses, **texts)(check)


RULES = {each.id: each for each in (made("first", BY_RULES, ON_DEMAND), made("second", BY_RULES, BY_BOTH))}


def judged(*verdicts: tuple[str, State], claims=(), ran=("first", "second"), unread=0):
    found = [Verdict(name, state, Resource(name="x")) for name, state in verdicts]
    found += [input_verdict("a.yaml", 1, "broken")] * unread
    return roll_up(catalogue(), RULES, found, claims, ran=ran)


def test_the_shipped_catalogue_is_a_dependable_example():
    words = {clause: catalogue().rows[clause].judged_by for clause in (BY_RULES, BY_BOTH, BY_PERSON, ON_DEMAND)}
    assert words == {BY_RULES: "rules", BY_BOTH: "both", BY_PERSON: "attestation", ON_DEMAND: "rules"}


def test_every_clause_gets_a_verdict_and_nothing_conforms_without_proof():
    nothing = roll_up(catalogue(), rules(), (), (), ran=rules())
    assert list(nothing) == list(catalogue().rows)
    assert {each.state for each in nothing.values()} == {UNCHECKED}
    assert all(each.reasons for each in nothing.values())


def test_verdicts_of_all_rules_of_a_clause_count():
    both = judged(("first", State.PASS), ("second", State.FAIL))
    assert both[BY_RULES].state is PARTLY
    assert both[BY_RULES].counts == {State.PASS: 1, State.FAIL: 1}
    assert both[BY_RULES].rules == {"first": {State.PASS: 1}, "second": {State.FAIL: 1}}
    assert both[ON_DEMAND].state is CONFORMS
    assert both[BY_BOTH].state is FAILS


def test_a_rule_that_was_not_run_keeps_its_clauses_unchecked():
    partial = judged(("first", State.PASS), ran=("first",))
    assert partial[BY_RULES].state is UNCHECKED
    assert partial[BY_RULES].reasons == ("rules that were not run: second",)
    assert judged(("first", State.FAIL), ran=("first",))[BY_RULES].state is FAILS


def test_a_rule_that_ran_and_met_nothing_says_nothing():
    assert judged(("first", State.PASS))[BY_RULES].state is CONFORMS
    nothing = judged()[BY_RULES]
    assert nothing.state is UNCHECKED
    assert nothing.reasons == ("nothing was found that its rules judge: first, second",)


def test_an_unread_input_counts_against_all_that_rules_judge():
    unread = judged(("first", State.PASS), ("second", State.NOT_APPLICABLE), claims=[CLAIM], unread=2)
    assert unread[BY_RULES].state is UNCHECKED
    assert "2 inputs could not be read" in unread[BY_RULES].reasons
    assert unread[BY_PERSON].state is CONFORMS


def test_a_waiver_of_an_unread_input_lifts_no_clause():
    waived = judged(("first", State.PASS), ("second", State.PASS), (INPUT_READABLE.id, State.WAIVED))
    assert waived[BY_RULES].state is UNCHECKED
    assert waived[BY_RULES].reasons == ("1 inputs could not be read",)


def on_hosts(name: str, *clauses: str) -> Rule:
    return replace(made(name, *clauses), scope="host", kinds=(), probes=("sshd",))


def test_hosts_that_were_not_chosen_leave_the_clauses_of_host_rules_unchecked():
    known = {each.id: each for each in (on_hosts("first", BY_RULES), made("second", ON_DEMAND))}
    found = [Verdict(name, State.PASS, Resource(host="az1-01")) for name in known]
    away = [f"az2-0{number}" for number in range(7)]
    part = roll_up(catalogue(), known, found, [CLAIM], ran=known, unseen={"host": away})
    assert part[BY_RULES].state is UNCHECKED
    assert part[BY_RULES].reasons == ("not looked at: az2-00, az2-01, az2-02, az2-03, az2-04 and 2 more",)
    assert part[ON_DEMAND].state is CONFORMS, "only objects tell"
    assert part[BY_PERSON].state is CONFORMS
    assert roll_up(catalogue(), known, found, [CLAIM], ran=known)[BY_RULES].state is CONFORMS


def test_a_part_that_was_not_looked_at_is_never_a_pass():
    known = {each.id: each for each in (on_hosts("first", BY_RULES), made("second", ON_DEMAND, BY_RULES))}
    found = [Verdict(name, State.PASS, Resource(name="x")) for name in known]
    without = roll_up(catalogue(), known, found, (), ran=known, unseen={"object": ["the cluster"], "host": ()})
    assert without[ON_DEMAND].reasons == ("not looked at: the cluster",)
    assert (without[ON_DEMAND].state, without[BY_RULES].state) == (UNCHECKED, UNCHECKED)


def test_an_attestation_counts_where_it_is_wanted():
    assert judged(claims=[CLAIM])[BY_PERSON].state is CONFORMS
    assert judged(claims=[CLAIM])[BY_PERSON].attestation is CLAIM
    assert judged()[BY_PERSON].state is UNCHECKED
    assert judged()[BY_PERSON].reasons == ("the document fire_inspection is not attested",)


def test_an_attestation_with_a_flaw_is_missing_and_the_reason_says_why():
    flawed = Claim(BY_PERSON, "fire_inspection", "Li Wei", None, "fire.yaml:7", "expired on 2026-01-01")
    found = judged(claims=[flawed])[BY_PERSON]
    assert found.state is UNCHECKED
    assert found.reasons[1].startswith("fire.yaml:7: this attestation of 8.1.1.5-a counts as none: it expired")
    assert judged(claims=[flawed, CLAIM])[BY_PERSON].state is CONFORMS


def test_both_means_both():
    claim = Claim(BY_BOTH, "environment_monitoring", "Li Wei", date(2027, 1, 1), "room.yaml:4", None)
    assert judged(("second", State.PASS), claims=[claim])[BY_BOTH].state is CONFORMS
    assert judged(("second", State.PASS))[BY_BOTH].state is UNCHECKED
    assert judged(claims=[claim])[BY_BOTH].state is UNCHECKED
    assert judged(("second", State.FAIL), claims=[claim])[BY_BOTH].state is FAILS
    without = roll_up(catalogue(), {}, (), [claim], ran=())
    assert without[BY_BOTH].state is UNCHECKED
    assert without[BY_BOTH].reasons == ("no rule judges it yet",)


def test_beside_rules_an_attestation_only_answers_a_question():
    claim = Claim(ON_DEMAND, "stream_encryption", "Li Wei", date(2027, 1, 1), "ports.yaml:4", None)
    assert judged(("first", State.PASS))[ON_DEMAND].state is CONFORMS
    assert judged(("first", State.MANUAL))[ON_DEMAND].state is UNCHECKED
    assert judged(("first", State.MANUAL), claims=[claim])[ON_DEMAND].state is CONFORMS
    assert judged(claims=[claim])[ON_DEMAND].state is UNCHECKED, "no rule judged anything"
    assert judged(("first", State.NOT_APPLICABLE), claims=[claim])[ON_DEMAND].state is NOT_APPLICABLE


def test_a_verdict_of_an_unknown_rule_is_not_lost():
    with pytest.raises(ValueError, match="unknown rules: stranger"):
        judged(("stranger", State.FAIL))


@given(st.lists(st.tuples(st.sampled_from(sorted(RULES)), st.sampled_from(State)), max_size=12), st.booleans())
def test_the_roll_up_is_the_table(verdicts, attested):
    claims = [CLAIM, Claim(BY_BOTH, "environment_monitoring", "x", date(2027, 1, 1), "x:1", None)] if attested else []
    found = judged(*verdicts, claims=claims)
    of_both = [state for name, state in verdicts if name == "second"]
    expected = clause_state(of_both or [State.NOT_EVALUATED], attested=attested)
    assert found[BY_BOTH].state is expected
    assert found[BY_RULES].state is clause_state([state for _, state in verdicts] or [State.NOT_EVALUATED])
    assert sum(found[BY_RULES].counts.values()) == len(verdicts)
    assert bool(found[BY_BOTH].reasons) or found[BY_BOTH].state is not UNCHECKED
