"""What is wrong in site.yaml is refused by `gate --site` on real previews: rule, clause or baseline, resource, remedy."""

import json

import pytest

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def broken(workplace):
    """Five faults in one site.yaml; all of them load, none of them may pass."""
    replica = "replicas:\n      - {zone: az1, cpu_family: hygon}\n      - {zone: az2, cpu_family: intel}\n      - {zone: az3, cpu_family: hygon}"
    alone = "replicas:\n      - {zone: az1, cpu_family: hygon}\n      - {zone: az1, cpu_family: hygon}\n      - {zone: az1, cpu_family: hygon}"
    workplace.edit(replica, alone)
    workplace.edit("failure_domain: zone, replicas: 3, min_size: 2}", "failure_domain: zone, replicas: 2}")
    workplace.edit("security_groups: [pacs, his-app]", "security_groups: []")
    workplace.edit("          tls: true", "          tls: false")
    workplace.edit("retention_days: 190", "retention_days: 90")
    report = json.loads(workplace.yiyun("gate", "--format", "json", code=1).stdout)
    return [f for f in report["findings"] if f["state"] == "fail" and f["enforcement"] == "mandatory"]


@pytest.mark.parametrize(
    ("rule", "resource"),
    [
        ("postgresql_zones", "sso-db"),
        ("ceph_pool_size", "bulk"),
        ("vm_security_group", "pacs-1"),
        ("floating_address_tls", None),
        ("log_retention", None),
    ],
)
def test_each_fault_is_a_finding(broken, rule, resource):
    found = [f for f in broken if f["rule"] == rule]
    assert found, f"{rule} is not among {sorted({f['rule'] for f in broken})}"
    assert resource is None or resource in {f["resource"]["name"] for f in found}
    for finding in found:
        assert finding["remediation"]
        assert finding["message"]
        assert finding["resource"]["urn"] or finding["resource"]["file"]


def test_nothing_else_fails(broken):
    wanted = {"postgresql_zones", "ceph_pool_size", "vm_security_group", "floating_address_tls", "log_retention"}
    assert {f["rule"] for f in broken} - wanted <= {"ceph_pool_layout", "dnat_plain_text", "ceph_pool_safe_size"}


@pytest.mark.parametrize(
    ("layout", "rule"),
    [
        ("failure_domain: switch_pair, data: 2, coding: 2}", "ceph_pool_layout"),
        ("failure_domain: rack, data: 4, coding: 2, min_size: 4}", "ceph_pool_failure_domain"),
    ],
)
def test_a_layout_that_is_refused_at_load_is_a_finding_too(workplace, layout, rule):
    path = workplace.directory / "site.yaml"
    before = path.read_text(encoding="utf-8")
    try:
        workplace.edit("failure_domain: zone, data: 4, coding: 2, min_size: 4}", layout)
        report = json.loads(workplace.yiyun("gate", "--format", "json", code=1).stdout)
        assert [f["rule"] for f in report["findings"]] == [rule]
        assert report["findings"][0]["resource"]["file"].endswith("site.yaml")
        assert report["findings"][0]["resource"]["line"] > 100
        workplace.yiyun("up", "--yes", code=2)
    finally:
        path.write_text(before, encoding="utf-8")
