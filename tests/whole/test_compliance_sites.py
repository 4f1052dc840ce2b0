"""The shipped sites pass the gate, and what is broken in a site fails it, by rule."""

from functools import cache

import pytest
from rule_cases import rules, site_with
from shipped import SITES, site
from stack_items import run_program

from yiyun.compliance.engine import Result, evaluate
from yiyun.compliance.facts import make_object
from yiyun.compliance.model import State
from yiyun.components.ceph_block import ceph_block_items
from yiyun.components.ceph_object import ceph_object_items
from yiyun.components.l7 import l7_items
from yiyun.components.oceanbase import oceanbase_items
from yiyun.components.postgresql import postgresql_items
from yiyun.components.tidb import tidb_items
from yiyun.components.vm import machines_items
from yiyun.site import Site

STACKS = ("platform", "network", "ingress", "storage", "compute", "database")


@cache
def gated(name: str) -> Result:
    """All stacks of a shipped site, as their programs register them, before all rules."""
    objects = []
    for stack in STACKS:
        recorder, _ = run_program(site(name), stack)
        objects += [
            make_object(args.inputs, urn=f"{stack}::{args.name}")
            for args in recorder.resources
            if args.typ.startswith("kubernetes:")
        ]
    return evaluate(rules().values(), objects, site(name))


@pytest.mark.parametrize("name", SITES)
def test_shipped_sites_pass(name):
    result = gated(name)
    stopping = [v for v in result.verdicts if v.state is State.NOT_EVALUATED]
    stopping += [
        v for v in result.verdicts if v.state is State.FAIL and result.rules[v.rule].enforcement == "mandatory"
    ]
    assert not [(v.rule, v.resource.label, v.message) for v in stopping]
    assert result.exit_code == 0
    assert result.objects > 150


@pytest.mark.parametrize("name", SITES)
def test_shipped_sites_are_judged_at_all(name):
    """A rule that passes because nothing concerns it shows nothing."""
    judged = {v.rule for v in gated(name).verdicts if v.state is not State.NOT_APPLICABLE}
    wanted = {rule.id for rule in rules().values() if rule.clauses and rule.scope == "site"}
    wanted |= {
        "vm_security_group", "vm_security_group_exists", "ceph_pool_size", "ceph_pool_layout", "ceph_encryption",
        "ceph_pool_failure_domain", "object_store_tls", "gateway_listener_tls", "gateway_retry_health", "disk_backup",
        "oceanbase_zones", "oceanbase_backup", "postgresql_zones", "postgresql_backup", "tidb_zones", "tidb_backup",
        "egress_gateway_zones", "namespace_default_deny", "namespace_mlps_level", "subnet_private", "vpc_peering",
        "security_group_admin_ports", "backup_location_apart", "backup_endpoint_tls", "pod_privileged",
        "image_from_site_registry", "vm_image_checksum", "network_policy_allow_all", "workload_disruption_budget",
    }  # fmt: skip
    assert wanted <= judged


def test_a_finding_about_a_site_names_its_line():
    found = evaluate(
        [rules()["floating_address_tls"]], [], site_with({"network.vpcs.0.floating_addresses.0.tls": False})
    )
    (verdict,) = found.verdicts
    lines = (site("lab").path / "site.yaml").read_text().splitlines()
    assert "tls: true" in lines[verdict.resource.line - 1]


def broken_vm(site: Site):
    return machines_items(site, site.tenant("hosp-a"))


def broken_gateway(site: Site):
    return l7_items(site, site.spec.load_balancers.l7[0])


BROKEN = {
    "vm_security_group": ({"compute.vms.0.security_groups": []}, broken_vm),
    "ceph_pool_size": ({"storage.block_pools.1.replicas": 2}, lambda s: ceph_block_items(s, s.spec.storage)),
    "ceph_pool_failure_domain": (
        {"storage.block_pools.0.failure_domain": "rack"},
        lambda s: ceph_block_items(s, s.spec.storage),
    ),
    "ceph_pool_layout": (
        {"storage.object_stores.1.data": 2, "storage.object_stores.1.min_size": None},
        lambda s: ceph_object_items(s, s.spec.storage),
    ),
    "ceph_encryption": ({"storage.encrypted": False}, lambda s: ceph_block_items(s, s.spec.storage)),
    "gateway_listener_tls": ({"load_balancers.l7.0.tls": False}, broken_gateway),
    "oceanbase_zones": (
        {f"databases.0.replicas.{i}.zone": "az1" for i in range(3)},
        lambda s: oceanbase_items(s, s.spec.databases[0]),
    ),
    "tidb_zones": (
        {f"databases.1.replicas.{i}.zone": "az1" for i in range(5)},
        lambda s: tidb_items(s, s.spec.databases[1]),
    ),
    "postgresql_zones": (
        {f"databases.2.replicas.{i}.zone": "az1" for i in range(3)},
        lambda s: postgresql_items(s, s.spec.databases[2]),
    ),
    "image_from_site_registry": (
        {"storage.ceph_image": "quay.example.test/ceph/ceph:v19"},
        lambda s: ceph_block_items(s, s.spec.storage),
    ),
}


@pytest.mark.parametrize("rule_id", BROKEN)
def test_what_is_broken_in_a_site_fails_by_its_rule(rule_id):
    overrides, build = BROKEN[rule_id]
    for changes, expected in (({}, State.PASS), (overrides, State.FAIL)):
        broken = site_with(changes)
        objects = [make_object(item.manifest) for item in build(broken)]
        found = [v for v in evaluate([rules()[rule_id]], objects, broken).verdicts if v.state is expected]
        assert found
        if expected is State.PASS:
            continue
        assert evaluate([rules()[rule_id]], objects, broken).exit_code == 1


def test_a_gateway_without_retries_and_health_checks_fails():
    site = site_with({})
    items = [item.manifest for item in broken_gateway(site)]
    for kept, state in ((items, State.PASS), ([m for m in items if m["kind"] != "BackendTrafficPolicy"], State.FAIL)):
        result = evaluate([rules()["gateway_retry_health"]], [make_object(m) for m in kept], site)
        states = {v.state for v in result.verdicts if v.resource.kind == "Gateway"}
        assert states == {state}
