"""Which networks take in everybody, and which texts are no network at all."""

import pytest

from yiyun.compliance.facts import Unevaluated
from yiyun.compliance.networks import is_everybody


@pytest.mark.parametrize(
    ("network", "wide"),
    [
        ("0.0.0.0/0", True),
        ("128.0.0.0/1", True),
        ("::/0", True),
        ("8000::/1", True),
        ("192.0.0.0/2", False),
        ("198.18.0.1/24", False),
        ("198.18.0.1", False),
        ("2001:db8::1", False),
    ],
)
def test_a_network_is_everybody_or_not(network, wide):
    assert is_everybody(network, "spec.x") is wide


@pytest.mark.parametrize(
    "text",
    [
        "",
        "any",
        "0.0.0.0/",
        "0.0.0.0/00",
        "0.0.0.0/0.0.0.0",
        "0.0.0.0/-1",
        "0.0.0.0/+0",
        "0.0.0.0/33",
        "0.0.0.0/0/0",
        "010.0.0.0/8",
        "::ffff:0.0.0.0/96",
        "fe80::1%eth0/0",
        " 0.0.0.0/0",
        "0.0.0.0/٠",
    ],
)
def test_what_two_programs_read_differently_is_not_evaluated(text):
    with pytest.raises(Unevaluated, match=r"spec\.x: must be a network such as"):
        is_everybody(text, "spec.x")
