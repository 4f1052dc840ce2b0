"""Waivers: one exact resource, an owner, a reason and a date, or they count as none."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiyun.compliance.engine import Result
from yiyun.compliance.loader import load_rules
from yiyun.compliance.model import Resource, State, Verdict
from yiyun.compliance.waivers import apply_waivers, load_waivers
from yiyun.errors import UserError
from yiyun.paths import CHECKOUT

TODAY = date(2026, 11, 23)
RESOURCE = Resource("apps/v1", "DaemonSet", "monitoring", "node-exporter", file="a.yaml", line=3)
GOOD = """\
version: 1
waivers:
- rule: pod_host_network
  resource: {kind: DaemonSet, namespace: monitoring, name: node-exporter}
  owner: Operations, Li Wei
  reason: measures the host's own counters
  expires: 2026-11-23
"""


@pytest.fixture(scope="module")
def failed():
    rules = {rule.id: rule for rule in load_rules(CHECKOUT / "policies/mlps3")}
    return Result(rules, [Verdict("pod_host_network", State.FAIL, RESOURCE, "hostNetwork is on")])


def applied(failed, tmp_path, text, today=TODAY):
    file = tmp_path / "waivers.yaml"
    file.write_text(text)
    return apply_waivers(failed, load_waivers(file), today)


def test_a_valid_waiver_counts_as_waived_until_its_last_day(failed, tmp_path):
    result = applied(failed, tmp_path, GOOD)
    assert result.summary()["waived"] == 1
    assert result.exit_code == 0
    assert "waived until 2026-11-23 by Operations, Li Wei" in result.verdicts[0].message
    assert failed.exit_code == 1


@pytest.mark.parametrize(
    ("old", "new", "note"),
    [
        ("2026-11-23", "2026-11-22", "expired on 2026-11-22"),
        ("  owner: Operations, Li Wei\n", "", "has no owner"),
        ("  reason: measures the host's own counters\n", "  reason: ''\n", "has no reason"),
        ("  expires: 2026-11-23\n", "", "has no expires"),
        (", name: node-exporter", "", "names no exact resource"),
        ("node-exporter", '"*"', "names a pattern"),
        ("rule: pod_host_network", "rule: pod_host_nettwork", "which this pack does not have"),
        ("namespace: monitoring", "namespace: other", "matches no finding"),
        ("rule: pod_host_network", "rule: pod_privileged", "matches no finding"),
        ("{kind: DaemonSet", "{apiVersion: apps/v2, kind: DaemonSet", "matches no finding"),
    ],
)
def test_what_counts_as_none_is_said(failed, tmp_path, old, new, note):
    assert old in GOOD
    result = applied(failed, tmp_path, GOOD.replace(old, new))
    assert result.summary()["fail"] == 1
    assert result.exit_code == 1
    assert any(note in text and "waivers.yaml:3" in text for text in result.notes)


def test_only_fails_are_waived(tmp_path, failed):
    unknown = Result(failed.rules, [Verdict("pod_host_network", State.NOT_EVALUATED, RESOURCE, "unknown")])
    assert applied(unknown, tmp_path, GOOD).exit_code == 1


def test_a_site_can_be_waived(failed, tmp_path):
    verdict = Verdict("log_retention", State.FAIL, Resource(site="lab", file="x/site.yaml"), "90 days")
    text = GOOD.replace("pod_host_network", "log_retention")
    text = text.replace("{kind: DaemonSet, namespace: monitoring, name: node-exporter}", "{site: lab}")
    assert applied(Result(failed.rules, [verdict]), tmp_path, text).summary()["waived"] == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("version: 2\n", "version must be 1"),
        ("version: 1\nwaiver: []\n", "has no field 'waiver'"),
        ("[]", "must be a mapping"),
        ("version: 1\nwaivers: {}\n", "must be a list"),
        ("version: 1\nwaivers: [3]\n", "must be a mapping"),
        (GOOD.replace("2026-11-23", "soon"), "expires must be a date"),
        (GOOD.replace("2026-11-23", "20"), "expires must be a date"),
        (GOOD.replace("owner: Operations, Li Wei", "owner: 7"), "owner must be text"),
        (GOOD.replace("kind: DaemonSet", "kin: DaemonSet"), "resource has no field 'kin'"),
        (GOOD + "  owner: twice\n", "stands twice"),
        (GOOD + "---\n" + GOOD, "holds one document"),
        ("a: [", "not valid YAML"),
    ],
)
def test_a_malformed_file_is_refused_with_its_line(tmp_path, text, complaint):
    file = tmp_path / "waivers.yaml"
    file.write_text(text)
    with pytest.raises(UserError, match=complaint) as refusal:
        load_waivers(file)
    assert str(refusal.value).startswith(f"{file}:")


def test_no_waivers(tmp_path):
    assert load_waivers(tmp_path / "waivers.yaml") == ()
    (tmp_path / "waivers.yaml").write_text("# none yet\n")
    assert load_waivers(tmp_path / "waivers.yaml") == ()
    with pytest.raises(UserError, match="cannot be read"):
        load_waivers(tmp_path)


@given(st.data())
def test_no_mutation_breaks_the_reader(tmp_path_factory, data):
    text = GOOD
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.text(max_size=3)) + text[at + data.draw(st.integers(0, 4)) :]
    file = tmp_path_factory.mktemp("w") / "waivers.yaml"
    file.write_text(text, encoding="utf-8", errors="replace")
    try:
        load_waivers(file)
    except UserError as error:
        assert str(error).startswith(f"{file}:")
