"""Each contradiction that Site refuses, made by an edit of the lab: the refusal names the line and the cause."""

import pkgutil
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from site_copies import Copy

from yiyun.components.namespace import PLATFORM_NAMESPACES
from yiyun.site import Site, checks
from yiyun.site.checks.names import RESERVED_NAMESPACES

HOSTS, SITE = "hosts.yaml", "site.yaml"
LAYOUT, DOMAIN = "ceph_pool_layout", "ceph_pool_failure_domain"
FAST = "- {name: fast, device_class: nvme, zones: [az1, az2, az3], failure_domain: zone, replicas: 3, default: true}"
ARCHIVE = "failure_domain: zone, data: 4, coding: 2, min_size: 4}"

CASES = yaml.safe_load(Path(__file__).with_name("contradictions.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CASES)
def test_contradiction_is_refused(name, tmp_path):
    case = CASES[name]
    file = case.get("file", SITE)
    copy = Copy(tmp_path)
    before = (copy.path / file).read_text(encoding="utf-8")
    copy.edit(file, case["replace"], case["by"])
    problems = [problem for problem in str(copy.refused()).splitlines() if case["says"] in problem]
    assert problems
    assert all(problem.startswith(f"{copy.path}/{file}:") for problem in problems)
    if "elsewhere" not in case:
        edited = before[: before.index(case["replace"])].count("\n") + 1
        line = copy.line_of(file, case["at"]) if "at" in case else edited
        assert any(problem.startswith(f"{copy.path}/{file}:{line}: ") for problem in problems)


@pytest.mark.parametrize(
    ("old", "new", "rule", "words"),
    [
        (FAST, FAST.replace("zone,", "rack,"), DOMAIN, "write failure_domain: zone"),
        (FAST, FAST.replace("zone,", "switch_pair,"), DOMAIN, "write failure_domain: zone"),
        (FAST, FAST.replace("zone,", "host,"), DOMAIN, "write failure_domain: zone"),
        (ARCHIVE, "failure_domain: switch_pair, data: 2, coding: 2}", LAYOUT, "over 3 switch pairs put 2 into one"),
        (FAST, FAST.replace("az1, az2, az3", "az1"), LAYOUT, "write failure_domain: rack"),
        (FAST, FAST.replace("az1, az2, az3], failure_domain: zone", "az1], failure_domain: rack"), LAYOUT, "2 racks"),
        (FAST, FAST.replace("replicas: 3", "replicas: 1"), LAYOUT, "data is lost"),
        (FAST, FAST.replace("replicas: 3", "replicas: 5"), LAYOUT, "do not fit"),
        (FAST, FAST.replace("replicas: 3", "replicas: 3, min_size: 4"), LAYOUT, "between 1 and 3"),
        (FAST, FAST.replace("replicas: 3", "replicas: 3, min_size: 3"), LAYOUT, "I/O stops"),
        (FAST, FAST.replace("replicas: 3", "data: 4, coding: 2, min_size: 4"), LAYOUT, "kernel clients"),
        (FAST, FAST.replace("replicas: 3", "replicas: 3, data: 4, coding: 2"), LAYOUT, "either replicas"),
        (FAST, FAST.replace("replicas: 3", "data: 4"), LAYOUT, "either replicas"),
        (FAST, FAST.replace("class: nvme", "class: nvne"), LAYOUT, "did you mean nvme?"),
        (ARCHIVE, ARCHIVE.replace(", min_size: 4", ""), LAYOUT, "write min_size: 4, or accept_io_stop: true"),
        (ARCHIVE, ARCHIVE.replace("data: 4, coding: 2, min_size: 4", "data: 2, coding: 2"), LAYOUT, "I/O stops"),
        (ARCHIVE, ARCHIVE.replace("data: 4, coding: 2, min_size: 4", "data: 8, coding: 3"), LAYOUT, "one has only 3"),
        (ARCHIVE, ARCHIVE.replace("data: 4, coding: 2, min_size: 4", "data: 7, coding: 2"), LAYOUT, "data is lost"),
    ],
)  # fmt: skip
def test_pool_that_breaks_decision_2(old, new, rule, words, tmp_path):
    error = Copy(tmp_path).edit(SITE, old, new).refused()
    assert error.rule == rule
    assert words in str(error)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (ARCHIVE, ARCHIVE.replace("min_size: 4", "accept_io_stop: true")),
        (ARCHIVE, ARCHIVE.replace("data: 4, coding: 2, min_size: 4", "data: 2, coding: 1, min_size: 2")),
        (FAST, FAST.replace("replicas: 3", "replicas: 2")),
        (FAST, FAST.replace("replicas: 3", "replicas: 4")),
        ("security_groups: [directory]", "security_groups: []"),
        ("{zone: az2, cpu_family: intel}\n      - {zone: az3, cpu_family: hygon}\n    cpus: 4",
         "{zone: az1, cpu_family: hygon}\n      - {zone: az1, cpu_family: hygon}\n    cpus: 4"),
        ("tls: true", "tls: false"),
        ("country: CN", "country: SG"),
        ("image: registry.lab.yiyun.example/shared/sso", "image: docker.io/shared/sso"),
        ("lab: true", "lab: false\nbackend: s3://state?endpoint=s3.example"),
    ],
)  # fmt: skip
def test_what_the_gate_judges_loads(old, new, tmp_path):
    copy = Copy(tmp_path).edit(SITE, old, new)
    assert Site.load(copy.path).name == "lab"


def test_zone_without_control_host(tmp_path):
    copy = Copy(tmp_path).edit(
        HOSTS,
        'control:\n      hosts: {"lab-az[1:3]-01": }',
        'control:\n      hosts: {"lab-az[1:2]-01": , lab-az2-02: }',
    )
    copy.edit(
        HOSTS,
        'worker:\n      hosts: {"lab-az[1:3]-[02:04]"',
        'worker:\n      hosts: {lab-az3-01: , "lab-az[1:3]-[02:04]"',
    )
    text = str(copy.refused())
    assert "zone az3 has no control host" in text
    assert f"site.yaml:{copy.line_of(SITE, '{name: az3, location')}" in text


def test_even_number_of_etcd_members(tmp_path):
    copy = Copy(tmp_path).edit(
        HOSTS, 'control:\n      hosts: {"lab-az[1:3]-01": ', 'control:\n      hosts: {"lab-az[1:3]-01": , lab-az1-02: '
    )
    text = str(copy.refused())
    assert "etcd has 4 members (lab-az1-01, lab-az1-02, lab-az2-01, lab-az3-01)" in text
    assert text.startswith(f"{copy.path}/hosts.yaml:{copy.line_of(HOSTS, '    control:')}: ")


def test_etcd_group_of_its_own_replaces_the_control_hosts(tmp_path):
    copy = Copy(tmp_path).edit(HOSTS, "    gateway:\n", "    etcd:\n      hosts: {lab-az1-02: }\n    gateway:\n")
    assert [host.name for host in Site.load(copy.path).hosts_in(role="etcd")] == ["lab-az1-02"]


def test_subnet_without_gateway_host(tmp_path):
    copy = Copy(tmp_path).edit(HOSTS, 'gateway:\n      hosts: {"lab-az[1:3]-', 'gateway:\n      hosts: {"lab-az[1:2]-')
    text = str(copy.refused())
    assert "subnet hosp-a-az3: zone az3 has no gateway host for VPC hosp-a-prod" in text
    assert "subnet shared-az3: zone az3 has no arm64 gateway host for VPC shared-prod" in text


def test_gateway_hosts_of_the_wrong_architecture_do_not_count(tmp_path):
    copy = Copy(tmp_path).edit(HOSTS, '"lab-az[1:3]-[02:03]": }\n    worker', '"lab-az[1:3]-02": }\n    worker')
    text = str(copy.refused())
    assert "zone az1 has no arm64 gateway host for VPC shared-prod" in text
    assert "for VPC hosp-a-prod; add" not in text


def test_vpc_without_egress_needs_no_gateway_host(tmp_path):
    copy = Copy(tmp_path).edit(HOSTS, '"lab-az[1:3]-[02:03]": }\n    worker', '"lab-az[1:3]-02": }\n    worker')
    copy.edit(SITE, "      egress: {arch: arm64}\n", "")
    assert Site.load(copy.path).vpc("shared-prod").egress is None


def test_private_line_needs_gateway_hosts_too(tmp_path):
    copy = Copy(tmp_path).edit(HOSTS, '"lab-az[1:3]-[02:03]": }\n    worker', '"lab-az[1:2]-[02:03]": }\n    worker')
    copy.edit(SITE, "      egress: {arch: any, replicas: 3, bandwidth_mbit: 2000}\n", "")
    assert "subnet hosp-a-az3: zone az3 has no gateway host for VPC hosp-a-prod" in str(copy.refused())


def test_postgresql_over_two_architectures(tmp_path):
    text = "{zone: az3, cpu_family: hygon}\n    cpus: 4"
    copy = Copy(tmp_path).edit(SITE, text, "{zone: az3, cpu_family: phytium}\n    cpus: 4")
    assert "database sso-db: replicas on amd64 and arm64" in str(copy.refused())


def test_application_pinned_where_its_architecture_is_missing(tmp_path):
    copy = Copy(tmp_path)
    copy.edit(HOSTS, '"lab-az[1:3]-[02:04]": }', '"lab-az[1:3]-02": }')
    text = str(copy.refused())
    assert "application image-ai: zone az1 has no arm64 worker; remove the zone or add a host" in text
    assert "application his-portal" not in text


def test_private_line_that_is_not_there(tmp_path):
    copy = Copy(tmp_path)
    text = (copy.path / SITE).read_text(encoding="utf-8")
    copy.edit(SITE, text[text.index("  private_line:\n") : text.index("  bgp_asn")], "")
    refusal = str(copy.refused())
    assert refusal.startswith(f"{copy.path}/site.yaml:{copy.line_of(SITE, 'private_line: true')}: ")
    assert "write network.private_line" in refusal


def test_one_serial_number_on_two_hosts(tmp_path):
    copy = Copy(tmp_path)
    copy.edit("group_vars/control.yaml", "by-path/pci-0000:01:00.0-nvme-1", "by-id/nvme-X_S1")
    assert "both list disk /dev/disk/by-id/nvme-X_S1; a serial is unique" in str(copy.refused())


def test_floating_listener_twice(tmp_path):
    line = "{name: second, address: 198.18.8.20, protocol: tcp, port: 443, target: 10.102.0.100, target_port: 636, tls: true}"
    copy = Copy(tmp_path).edit(
        SITE, "storage:\n  ceph", f"      floating_addresses:\n        - {line}\nstorage:\n  ceph"
    )
    assert "floating address second and his-public both listen on tcp 443 there" in str(copy.refused())


def test_hosts_of_family_other_have_one_architecture(tmp_path):
    copy = Copy(tmp_path)
    copy.edit(HOSTS, "lab-az1-01: {", "lab-az1-01: {yiyun_cpu_family: other, yiyun_arch: arm64, ")
    copy.edit(HOSTS, "lab-az2-01: {", "lab-az2-01: {yiyun_cpu_family: other, yiyun_arch: amd64, ")
    assert "family other is arm64 on lab-az1-01 and amd64 here" in str(copy.refused())


def test_family_other_has_the_architecture_that_its_hosts_say(tmp_path):
    copy = Copy(tmp_path)
    copy.edit(HOSTS, "lab-az1-01: {", "lab-az1-01: {yiyun_cpu_family: other, yiyun_arch: arm64, ")
    site = Site.load(copy.path)
    assert site.arch_of(site.host("lab-az1-01").cpu_family) == "arm64"


def test_all_problems_of_a_stage_are_named_at_once_and_those_with_a_rule_first(tmp_path):
    copy = Copy(tmp_path).edit(SITE, FAST, FAST.replace("zone,", "rack,")).edit(HOSTS, "198.18.0.12,", "198.18.0.11,")
    error = copy.refused()
    lines = str(error).splitlines()
    assert "failure domain rack" in lines[0]
    assert any("both have address 198.18.0.11" in line for line in lines[1:])
    assert error.rule == "ceph_pool_failure_domain"


def test_no_tenant_can_take_a_namespace_of_the_platform():
    assert {namespace.name for namespace in PLATFORM_NAMESPACES} <= RESERVED_NAMESPACES


def test_every_check_runs():
    listed = [function for stage in checks.STAGES for function in stage]
    modules = [import_module(f"{checks.__name__}.{found.name}") for found in pkgutil.iter_modules(checks.__path__)]
    checking = {
        value
        for module in modules
        for name, value in vars(module).items()
        if callable(value)
        and getattr(value, "__module__", "") == module.__name__
        and not name.startswith("_")
        and list(getattr(value, "__annotations__", {}))[1:] == ["at", "return"]
    }
    assert checking == set(listed)
    assert len(listed) == len(checking)
