"""Hostnames and the hosts they serve."""

import pytest

from yiyun.site.hostnames import covers


@pytest.mark.parametrize(
    ("hostname", "host", "served"),
    [
        ("his.a.example", "his.a.example", True),
        ("*.a.example", "his.a.example", True),
        ("*.a.example", "x.his.a.example", False),
        ("*.a.example", "a.example", False),
        ("*.a.example", "his.b.example", False),
        ("*.a.example", "*.a.example", True),
        ("*.a.example", "*.example", False),
        ("his.a.example", "pacs.a.example", False),
    ],
)
def test_a_wildcard_serves_one_label(hostname, host, served):
    assert covers(hostname, host) is served
