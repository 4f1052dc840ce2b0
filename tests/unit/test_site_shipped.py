"""The shipped sites, the questions that Site answers, `init` and the published schemas."""

import importlib.resources
import json
import subprocess
import sys

import jsonschema
import pytest
from site_copies import INVENTORIES, Copy

from yiyun.errors import UserError
from yiyun.paths import CHECKOUT
from yiyun.site import Site, init, inventory, labels, placement, schema
from yiyun.site.document import data, read
from yiyun.site.model import CpuFamily

CHIPS = {CpuFamily.INTEL, CpuFamily.HYGON, CpuFamily.KUNPENG, CpuFamily.PHYTIUM}


@pytest.fixture(scope="module", params=["lab", "hospital"])
def site(request):
    return Site.load(INVENTORIES / request.param)


def test_lab_has_12_hosts_of_four_chip_families():
    lab = Site.load(INVENTORIES / "lab")
    assert len(lab.hosts) == 12
    assert {host.cpu_family for host in lab.hosts} == CHIPS
    assert lab.zones == ("az1", "az2", "az3")


def test_hospital_has_all_four_chip_families_and_four_racks_in_every_zone():
    hospital = Site.load(INVENTORIES / "hospital")
    assert len(hospital.hosts) >= 72
    for zone in hospital.zones:
        hosts = hospital.hosts_in(zone=zone)
        assert {host.cpu_family for host in hosts} == CHIPS
        assert len({host.rack for host in hosts}) == 4
    assert hospital.spec.network.private_line is not None


def test_lab_uses_every_field_of_the_model():
    """Every optional field of every model is written somewhere in the lab; what only real sites need is excepted."""
    lab = json.loads(Site.load(INVENTORIES / "lab").spec.model_dump_json(exclude_unset=True))
    used: set[tuple[str, str]] = set()

    def walk(value: object, part: dict) -> None:
        part = schema_part(part)
        if isinstance(value, list):
            for item in value:
                walk(item, part["items"])
        elif isinstance(value, dict):
            for key, inner in value.items():
                used.add((part["title"], key))
                walk(inner, part["properties"][key])

    whole = schema.site_schema()

    def schema_part(part: dict) -> dict:
        options = [option for option in part.get("anyOf", [part]) if option.get("type") != "null"]
        part = next((option for option in options if "$ref" in option), options[0])
        return whole["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part

    walk(lab, whole)
    fields = {
        (part.get("title"), key) for part in [whole, *whole["$defs"].values()] for key in part.get("properties", {})
    }
    assert fields - used <= {("site.yaml", "backend"), ("Pool", "accept_io_stop"), ("L7", "tls"), ("StreamPort", "tls")}


def test_images_come_from_the_site_own_registry(site):
    images = [application.image for application in site.spec.compute.applications] + [site.spec.storage.ceph_image]
    assert all(image.startswith(f"registry.{site.spec.domain}/") for image in images)
    assert site.spec.registry == f"registry.{site.spec.domain}"


def test_every_machine_is_guarded_and_nothing_public_is_plain(site):
    assert all(vm.security_groups for vm in site.spec.compute.vms)
    assert all(l7.tls for l7 in site.spec.load_balancers.l7)
    assert all(floating.tls for vpc in site.spec.network.vpcs for floating in vpc.floating_addresses)
    assert all(len({replica.zone for replica in database.replicas}) == 3 for database in site.spec.databases)


def test_names_lead_to_things(site):
    for vpc in site.spec.network.vpcs:
        assert site.vpc(vpc.name) is vpc
        for subnet in vpc.subnets:
            assert site.subnet(subnet.name) is subnet
            assert site.vpc_of_subnet(subnet.name) is vpc
    assert all(site.host(host.name) is host for host in site.hosts)
    assert all(site.tenant(each.name) is each for each in site.spec.tenants)
    assert all(site.pool(each.name) is each for each in site.spec.storage.block_pools)
    assert all(site.store(each.name) is each for each in site.spec.storage.object_stores)
    assert all(site.image(each.name) is each for each in site.spec.compute.images)
    assert all(site.vm(each.name) is each for each in site.spec.compute.vms)
    assert all(site.application(each.name) is each for each in site.spec.compute.applications)
    assert site.default_pool.name == "fast"
    with pytest.raises(KeyError):
        site.vm("nobody")


def test_hosts_in_selects_by_all_properties():
    lab = Site.load(INVENTORIES / "lab")
    assert [host.name for host in lab.hosts_in(zone="az2", role="gateway")] == ["lab-az2-02", "lab-az2-03"]
    assert [host.name for host in lab.hosts_in(zone="az2", role="gateway", arch="arm64")] == ["lab-az2-03"]
    assert [host.name for host in lab.hosts_in(cpu_family=CpuFamily.PHYTIUM, role="gateway")] == ["lab-az3-03"]
    assert len(lab.hosts_in()) == 12


def test_gateway_hosts_follow_zones_and_architecture(tmp_path):
    lab = Site.load(INVENTORIES / "lab")
    assert len(lab.gateway_hosts(lab.vpc("hosp-a-prod"))) == 6
    assert {host.arch for host in lab.gateway_hosts(lab.vpc("shared-prod"))} == {"arm64"}


def test_domains_of_a_pool():
    hospital = Site.load(INVENTORIES / "hospital")
    zones = hospital.domains(hospital.default_pool, "block")
    assert {name: len(hosts) for name, hosts in zones.items()} == {"az1": 4, "az2": 4, "az3": 4}
    assert hospital.domains(hospital.default_pool, "object") == {}
    racks = hospital.default_pool.model_copy(update={"zones": ("az2",), "failure_domain": "rack"})
    assert list(hospital.domains(racks, "block")) == ["az2-r1", "az2-r2", "az2-r3", "az2-r4"]


def test_architecture_of_a_family(site):
    assert (site.arch_of(CpuFamily.HYGON), site.arch_of(CpuFamily.KUNPENG)) == ("amd64", "arm64")
    with pytest.raises(KeyError):
        site.arch_of(CpuFamily.LOONGSON)


def test_node_labels_of_a_host():
    found = labels.node_labels(Site.load(INVENTORIES / "lab").host("lab-az3-01"), "lab")
    assert found["topology.kubernetes.io/zone"] == "az3"
    assert found["kubernetes.io/arch"] == "arm64"
    assert found["yiyun.io/role-control"] == found["yiyun.io/role-etcd"] == "true"


def test_site_needs_neither_pulumi_nor_ansible():
    code = f"import sys; from yiyun.site import Site; Site.load({str(INVENTORIES / 'lab')!r}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "yiyun" in loaded
    assert not loaded & {"pulumi", "ansible"}


def test_schemas_are_those_of_the_models(tmp_path):
    for path in schema.write(tmp_path / "schemas"):
        published = CHECKOUT / "docs" / "schemas" / path.name
        assert published.read_text(encoding="utf-8") == path.read_text(encoding="utf-8"), (
            f"{published} is stale: run  "
            "python -c 'from pathlib import Path; from yiyun.site import schema; schema.write(Path(\"docs/schemas\"))'"
        )


def test_shipped_sites_fit_the_published_schemas(site):
    schemas = CHECKOUT / "docs" / "schemas"
    checker = jsonschema.Draft202012Validator(json.loads((schemas / "site.json").read_text(encoding="utf-8")))
    assert list(checker.iter_errors(data(read(site.path / "site.yaml")))) == []
    checker = jsonschema.Draft202012Validator(json.loads((schemas / "hosts.json").read_text(encoding="utf-8")))
    listed = inventory.read(site.path / "hosts.yaml")
    assert [error for name in listed.hosts for error in checker.iter_errors(listed.values(name))] == []


def test_schemas_refuse_misspelled_keys():
    values = inventory.read(INVENTORIES / "lab" / "hosts.yaml").values("lab-az1-01")
    checker = jsonschema.Draft202012Validator(schema.hosts_schema())
    assert not checker.is_valid({**values, "yiyun_rak": "x"})
    assert checker.is_valid({**values, "ansible_user": "ops"})
    spec = data(read(INVENTORIES / "lab" / "site.yaml"))
    assert not jsonschema.Draft202012Validator(schema.site_schema()).is_valid({**spec, "tenant": []})


def test_init_makes_a_site_that_loads_and_survives(tmp_path):
    directory = tmp_path / "deep" / "St. Mary's"
    written = init.create(directory)
    assert [path.name for path in written] == ["hosts.yaml", "site.yaml"]
    made = Site.load(directory)
    assert made.name == "st-mary-s"
    assert len(made.zones) == 3
    assert all(row.survives for row in placement.survival(made))
    assert len(made.state_dir.name) == len("st-mary-s-") + 8


def test_init_refuses_a_directory_that_holds_anything(tmp_path):
    copy = Copy(tmp_path)
    before = sorted(path.name for path in copy.path.iterdir())
    with pytest.raises(UserError, match="is not empty; name a new directory"):
        init.create(copy.path)
    assert sorted(path.name for path in copy.path.iterdir()) == before
    with pytest.raises(UserError, match="cannot be written"):
        init.create(copy.path / "site.yaml" / "below")


@pytest.mark.parametrize(
    ("directory", "name"), [("/srv/Klinik_1", "klinik-1"), ("/srv/医院", "my-site"), ("/", "my-site")]
)
def test_site_name_from_a_directory(directory, name, tmp_path):
    assert init.site_name(tmp_path.__class__(directory)) == name


def test_start_files_are_part_of_the_package():
    start = importlib.resources.files("yiyun.site").joinpath("start")
    assert {file.name for file in start.iterdir()} == set(init.FILES)
