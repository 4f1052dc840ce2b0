"""The verdict follows the state, whatever the file says: every case of tests/effective, in both directions."""

import pytest
from effective.case import verdicts
from effective.every import CASES, FAMILIES, name

from yiyun.compliance.model import State

LEAST = {"sshd": 10, "pam": 6, "sysctls": 8, "audit_rules": 4, "packet_filter": 3, "shells": 3, "services": 3}
LEAST |= {"mounts": 2, "logs": 2, "kubernetes": 3, "others": 3}


@pytest.mark.parametrize("case", CASES, ids=name)
def test_a_right_file_above_a_wrong_state_fails(case):
    found = verdicts(case.rule, case.looks_right.says)
    failed = [verdict.message for verdict in found if verdict.state is State.FAIL]
    assert any(case.finding in message for message in failed), [(each.state, each.message) for each in found]


@pytest.mark.parametrize("case", CASES, ids=name)
def test_a_wrong_file_below_a_right_state_passes(case):
    found = verdicts(case.rule, case.looks_wrong.says)
    assert [each.state for each in found] == [State.PASS], [each.message for each in found]


@pytest.mark.parametrize("case", CASES, ids=name)
def test_both_directions_name_their_files_and_differ(case):
    right, wrong = case.sides
    assert right.files
    assert wrong.files
    assert right.says.keys() == wrong.says.keys()
    assert (right.files, right.then) != (wrong.files, wrong.then)


def test_there_are_at_least_forty_settings():
    pairs = {(case.rule, case.setting) for case in CASES}
    assert len(pairs) == len(CASES)
    assert len(pairs) >= 40
    for family, least in LEAST.items():
        assert len(FAMILIES[family]) >= least, family
