"""When a member may leave etcd."""

import json

import pytest

from yiyun.operations.hosts import etcd_quorum


def said(names: list[str], well: list[str], leaving: str, learners: tuple[str, ...] = ()) -> str:
    members = [
        {"ID": 10 + number, "name": name, "clientURLs": [f"https://{name}:2379"]}
        | ({"isLearner": True} if name in learners else {})
        for number, name in enumerate(names)
    ]
    health = [{"endpoint": f"https://{name}:2379", "health": name in well} for name in names]
    noise = '{"level":"warn","msg":"retrying"}\n'
    return etcd_quorum.refusal(json.dumps({"header": {}, "members": members}), noise + json.dumps(health), leaving)


@pytest.mark.parametrize(
    ("names", "well", "leaving", "words"),
    [
        ("abc", "abc", "a", ""),
        ("abc", "bc", "a", ""),  # the dead one goes
        ("abc", "ab", "a", "without a 1 of 2 members of etcd would be healthy, and 2 are needed"),
        ("abc", "a", "b", "only 1 of 3 members of etcd are healthy"),
        ("abc", "", "a", "only 0 of 3 members"),
        ("ab", "ab", "a", ""),
        ("ab", "b", "a", "only 1 of 2 members"),
        ("a", "a", "a", "a is the only member of etcd"),
        ("abcde", "abc", "a", "without a 2 of 4 members of etcd would be healthy, and 3 are needed"),
        ("abcde", "abcd", "a", ""),
        ("abc", "abc", "x", ""),  # no member: nothing to break
    ],
)
def test_a_majority_stays(names: str, well: str, leaving: str, words: str) -> None:
    found = said(list(names), list(well), leaving)
    assert words in found
    assert bool(words) == bool(found)


def test_a_learner_does_not_vote() -> None:
    assert "only member" in said(["a", "b"], ["a", "b"], "a", learners=("b",))
    assert said(["a", "b", "c", "d"], ["a", "b", "c"], "d", learners=("d",)) == ""


@pytest.mark.parametrize(
    ("members", "health"), [("", "[]"), ("{}", "[]"), ('{"members": [{}]}', "no json"), ("[]", "[]")]
)
def test_what_cannot_be_read_is_no(members: str, health: str) -> None:
    assert "nobody may leave" in etcd_quorum.refusal(members, health, "a")
