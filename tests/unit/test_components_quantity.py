"""Quantities in the API server's spelling."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiyun.components.quantity import gib, mib, millicores

FACTOR = {"Mi": 1, "Gi": 1024, "Ti": 1024**2, "Pi": 1024**3}


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0Mi"), (1, "1Mi"), (1536, "1536Mi"), (2048, "2Gi"), (1048576, "1Ti"), (2**40, "1024Pi")]
)
def test_mebibytes(count, text):
    assert mib(count) == text


@given(st.integers(1, 10**9))
def test_the_value_stays_and_the_spelling_is_the_shortest(count):
    number, unit = re.fullmatch(r"(\d+)(Mi|Gi|Ti|Pi)", mib(count)).groups()
    assert int(number) * FACTOR[unit] == count
    assert unit == "Pi" or int(number) % 1024


def test_gibibytes():
    assert (gib(100), gib(1024), gib(1500)) == ("100Gi", "1Ti", "1500Gi")


@pytest.mark.parametrize(("count", "text"), [(250, "250m"), (1000, "1"), (1500, "1500m"), (4000, "4")])
def test_millicores(count, text):
    assert millicores(count) == text
