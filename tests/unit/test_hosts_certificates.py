"""Which certificates end soon, and when they may not be renewed."""

import json

import pytest

from yiyun.operations.hosts import certificates

DAY = 86400


def said(ends: dict[str, int], authorities: dict[str, int], **more: str) -> str:
    def entry(name: str, days: int) -> dict:
        flag = {more[name]: True} if name in more else {}
        return {
            "name": name,
            "expirationDate": "2027-05-06T07:08:09Z",
            "residualTime": days * DAY,
            "missing": False,
        } | flag

    return "noise\n" + json.dumps(
        {
            "kind": "CertificateExpirationInfo",
            "certificates": [entry(*item) for item in ends.items()],
            "certificateAuthorities": [entry(*item) for item in authorities.items()],
        }
    )


def test_only_what_ends_soon_is_named() -> None:
    found = certificates.decision(said({"a": 10, "b": 89, "c": 90, "d": 300}, {"ca": 3000}), 90, 400)
    assert found == {"ending": ["a", "b"], "ended": False, "refusals": []}
    assert certificates.decision(said({"a": -1, "b": 9}, {"ca": 3000}), 90, 400)["ended"]


def test_an_authority_near_its_end_refuses() -> None:
    found = certificates.decision(said({"a": 10}, {"ca": 3000, "etcd-ca": 399}), 90, 400)
    assert len(found["refusals"]) == 1
    assert "the authority etcd-ca itself ends on 2027-05-06, in 399 days" in found["refusals"][0]


@pytest.mark.parametrize(
    ("flag", "words"), [("missing", "a is missing"), ("externallyManaged", "a is signed elsewhere")]
)
def test_what_kubeadm_cannot_renew_refuses(flag: str, words: str) -> None:
    found = certificates.decision(said({"a": 10, "b": 10}, {"ca": 3000}, a=flag), 90, 400)
    assert words in found["refusals"][0]


@pytest.mark.parametrize("text", ["", "{}", "no json", '{"certificates": [{}], "certificateAuthorities": []}'])
def test_what_cannot_be_read_refuses(text: str) -> None:
    found = certificates.decision(text, 90, 400)
    assert found["ending"] == []
    assert "kubeadm did not say" in found["refusals"][0]


def test_a_host_that_joined_lacks_the_first_ones_way_in() -> None:
    text = said({"a": 10, "super-admin.conf": 0}, {"ca": 3000}, **{"super-admin.conf": "missing"})
    assert certificates.decision(text, 90, 400) == {"ending": ["a"], "ended": False, "refusals": []}
