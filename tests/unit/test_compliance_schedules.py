"""Schedules and lengths of time as backups write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiyun.compliance.facts import Map, Unevaluated
from yiyun.compliance.schedules import days, longest_pause


def pause(text: str) -> int:
    return longest_pause(Map({"schedule": text}, "spec"), "schedule")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0 1 * * *", 1),
        ("30 */6 * * *", 1),
        ("@daily", 1),
        ("@weekly", 7),
        ("0 2 * * 6", 7),
        ("0 2 * * sat", 7),
        ("0 2 * * 0,7", 7),
        ("0 2 * * 1,3,5", 3),
        ("0 2 * * mon-fri", 3),
        ("0 0 3 * * *", 1),  # with seconds
        ("0 0 3 ? * SUN", 7),
        ("0 1 1 * *", 31),
        ("0 1 1,15 * *", 17),
        ("0 1 */10 * *", 10),
        ("0 1 31 * *", 61),
        ("0 1 1 jan *", 366),
        ("0 1 1 * 1", 7),  # either of them: cron's rule where both are given
    ],
)
def test_the_longest_pause_of_a_schedule(text, wanted):
    assert pause(text) == wanted


def test_a_day_that_never_comes_pauses_for_ever():
    assert pause("0 1 30 2 *") > 1000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "never",
        "0 1 * *",
        "0 1 * * 8",
        "0 1 0 * *",
        "0 1 * 13 *",
        "0 1 5-1 * *",
        "0 1 x * *",
        "@every 6h",
        "0 1 */x * *",
    ],
)
def test_what_is_no_schedule_is_not_evaluated(text):
    with pytest.raises(Unevaluated, match=r"spec\.schedule"):
        pause(text)


@given(st.text(max_size=40))
def test_no_text_breaks_it(text):
    for read in (pause, lambda each: days(Map({"ttl": each}, "spec"), "ttl")):
        try:
            found = read(text)
        except Unevaluated:
            continue
        assert found is None or found >= 0


@pytest.mark.parametrize(
    ("text", "months", "wanted"),
    [
        ("720h0m0s", False, 30),
        ("30d", False, 30),
        ("4w", True, 28),
        ("2m", True, 56),
        ("90m", False, 0.0625),
        ("", False, None),
    ],
)
def test_lengths_of_time(text, months, wanted):
    assert days(Map({"ttl": text}, "spec"), "ttl", months=months) == wanted


def test_a_length_without_a_unit_is_not_evaluated():
    with pytest.raises(Unevaluated, match=r"spec\.ttl: must be a length of time"):
        days(Map({"ttl": "720"}, "spec"), "ttl")
