"""Virtual machines and their disks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shipped import SITES, by_key, changed, item_of, site
from site_edits import with_spec

from yiyun.components.kubernetes import key
from yiyun.components.vm import machines_items, vm_items
from yiyun.site.model import CpuFamily, DataDisk, Vm

LAB = site("lab")
ARM = {CpuFamily.KUNPENG, CpuFamily.PHYTIUM}
FAMILIES = (CpuFamily.INTEL, CpuFamily.HYGON, CpuFamily.KUNPENG, CpuFamily.PHYTIUM)
QOS = [None, *(qos.name for qos in LAB.spec.storage.qos_classes)]
POOLS = [None, *(pool.name for pool in LAB.spec.storage.block_pools)]

names = st.from_regex(r"[a-z][a-z0-9]{0,9}", fullmatch=True)


@st.composite
def machines(draw):
    """Any machine of tenant hosp-a."""
    subnet = draw(st.sampled_from(LAB.vpc("hosp-a-prod").subnets))
    disks = draw(st.lists(names.filter(lambda name: name != "system"), unique=True, max_size=25))
    return Vm(
        name=draw(names),
        subnet=subnet.name,
        address=subnet.cidr[draw(st.integers(2, 1000))],
        image="openeuler-arm64",
        cpu_family=draw(st.sampled_from(FAMILIES)),
        cpus=draw(st.integers(1, 256)),
        memory_gib=draw(st.integers(1, 2048)),
        system_disk_gib=draw(st.integers(10, 8192)),
        system_disk_qos=draw(st.sampled_from(QOS)),
        data_disks=tuple(
            DataDisk(
                name=name,
                size_gib=draw(st.integers(1, 8192)),
                pool=draw(st.sampled_from(POOLS)),
                qos=draw(st.sampled_from(QOS)),
            )
            for name in disks
        ),
        shared_disks=("his-db-data",) if draw(st.booleans()) else (),
        security_groups=draw(st.sampled_from([(), ("his-app",), ("his-app", "pacs")])),
        running=draw(st.booleans()),
        backup=draw(st.sampled_from(["daily", "weekly", "none"])),
    )


def written(vm):
    """The VirtualMachine object, and all items, of one machine."""
    items = vm_items(LAB, vm)
    return by_key(items)[f"VirtualMachine/hosp-a/{vm.name}"], items


def domain_of(machine):
    return machine["spec"]["template"]["spec"]["domain"]


@settings(max_examples=40)
@given(machines())
def test_machines_get_what_their_cpu_needs(vm):
    machine, _ = written(vm)
    spec, domain = machine["spec"]["template"]["spec"], domain_of(machine)
    buses = {disk["disk"]["bus"] for disk in domain["devices"]["disks"]}
    assert buses <= {"virtio", "scsi"}
    assert not {"watchdog", "sound", "video"} & domain["devices"].keys()
    if vm.cpu_family in ARM:
        assert spec["architecture"] == "arm64"
        assert domain["cpu"]["model"] == "host-passthrough"
        assert domain["machine"] == {"type": "virt"}
        assert domain["firmware"] == {"bootloader": {"efi": {"secureBoot": False}}}
    else:
        assert spec["architecture"] == "amd64"
        assert domain["cpu"]["model"] == "host-model"
        assert domain["machine"] == {"type": "q35"}
    assert domain["cpu"]["cores"] * domain["cpu"]["sockets"] * domain["cpu"]["threads"] == vm.cpus


@settings(max_examples=40)
@given(machines())
def test_machines_run_in_their_zone_on_workers_of_their_family(vm):
    machine, _ = written(vm)
    spec = machine["spec"]["template"]["spec"]
    assert spec["nodeSelector"] == {
        "kubernetes.io/arch": "arm64" if vm.cpu_family in ARM else "amd64",
        "topology.kubernetes.io/zone": LAB.subnet(vm.subnet).zone,
        "yiyun.io/cpu-family": vm.cpu_family.value,
        "yiyun.io/role-worker": "true",
    }
    assert spec["evictionStrategy"] == "LiveMigrate"
    assert machine["spec"]["runStrategy"] == ("Always" if vm.running else "Halted")


@settings(max_examples=40)
@given(machines())
def test_the_port_is_guarded(vm):
    machine, _ = written(vm)
    annotations = machine["spec"]["template"]["metadata"]["annotations"]
    assert annotations["ovn.kubernetes.io/port_security"] == "true"
    assert annotations["ovn.kubernetes.io/logical_switch"] == vm.subnet
    assert annotations["ovn.kubernetes.io/ip_address"] == str(vm.address)
    assert annotations.get("ovn.kubernetes.io/security_groups", "") == ",".join(vm.security_groups)


@settings(max_examples=40)
@given(machines())
def test_disks_and_volumes_match_and_come_before_the_machine(vm):
    machine, items = written(vm)
    devices, volumes = domain_of(machine)["devices"]["disks"], machine["spec"]["template"]["spec"]["volumes"]
    assert [disk["name"] for disk in devices if "bootOrder" in disk] == ["system"]
    assert sorted(disk["name"] for disk in devices) == sorted(volume["name"] for volume in volumes)
    assert len({disk["name"] for disk in devices}) == len(devices)
    claims = {v["persistentVolumeClaim"]["claimName"] for v in volumes if "persistentVolumeClaim" in v}
    assert len(claims) == 1 + len(vm.data_disks) + len(vm.shared_disks)
    own = {i.manifest["metadata"]["name"] for i in items if i.manifest["kind"] == "PersistentVolumeClaim"}
    assert claims - own == set(vm.shared_disks)
    after = item_of(items, f"VirtualMachine/hosp-a/{vm.name}").after
    assert set(after) == {f"PersistentVolumeClaim/hosp-a/{claim}" for claim in claims}


@settings(max_examples=40)
@given(machines())
def test_disks_are_raw_shared_kept_and_where_the_site_says(vm):
    _, items = written(vm)
    claims = {i.manifest["metadata"]["name"]: i for i in items if i.manifest["kind"] == "PersistentVolumeClaim"}
    for item in claims.values():
        assert item.holds_data
        assert item.manifest["spec"]["accessModes"] == ["ReadWriteMany"]
        assert item.manifest["spec"]["volumeMode"] == "Block"
        labels = item.manifest["metadata"]["labels"]
        assert labels.get("yiyun.io/backup", "none") == vm.backup
        assert labels["yiyun.io/vm"] == vm.name
        assert labels["yiyun.io/lifecycle"] == "active"
    system = claims[f"{vm.name}-system"].manifest
    assert system["spec"]["dataSourceRef"]["name"] == vm.image
    assert system["metadata"]["labels"]["yiyun.io/disk-role"] == "system"
    for disk in vm.data_disks:
        spec = claims[f"{vm.name}-{disk.name}"].manifest["spec"]
        assert spec["storageClassName"] == f"block-{disk.pool or 'fast'}"
        assert spec.get("volumeAttributesClassName", "").split(".")[0] == (f"disk-{disk.qos}" if disk.qos else "")
        assert "dataSourceRef" not in spec


@settings(max_examples=40)
@given(machines())
def test_limited_disks_are_there_at_start_and_others_can_be_plugged(vm):
    machine, _ = written(vm)
    by_name = {v["name"]: v["persistentVolumeClaim"] for v in machine["spec"]["template"]["spec"]["volumes"][2:]}
    for disk in vm.data_disks:
        assert by_name[disk.name].get("hotpluggable", False) == (disk.qos is None)


@settings(max_examples=40)
@given(machines())
def test_shared_disks_are_not_cached(vm):
    machine, _ = written(vm)
    shared = [disk for disk in domain_of(machine)["devices"]["disks"] if disk["name"] in vm.shared_disks]
    assert len(shared) == len(vm.shared_disks)
    for disk in shared:
        assert (disk["shareable"], disk["cache"], disk["disk"]["bus"]) == (True, "none", "scsi")


@settings(max_examples=40)
@given(machines())
def test_first_boot_settings_come_from_a_secret(vm):
    machine, _ = written(vm)
    volumes = machine["spec"]["template"]["spec"]["volumes"]
    found = [volume["cloudInitNoCloud"] for volume in volumes if "cloudInitNoCloud" in volume]
    assert found == [{"secretRef": {"name": f"{vm.name}.cloud-init"}}]


@pytest.mark.parametrize("name", SITES)
def test_a_tenant_gets_its_machines_images_and_shared_disks(name):
    shipped = site(name)
    for tenant in shipped.spec.tenants:
        manifests = by_key(machines_items(shipped, tenant)).values()
        assert {m["metadata"]["namespace"] for m in manifests} <= {tenant.name}
        own = [vm for vm in shipped.spec.compute.vms if shipped.vpc_of_subnet(vm.subnet).tenant == tenant.name]
        assert {m["metadata"]["name"] for m in manifests if m["kind"] == "VirtualMachine"} == {vm.name for vm in own}
        images = {m["metadata"]["name"] for m in manifests if m["kind"] == "VolumeImportSource"}
        assert images == {vm.image for vm in own}


def test_shared_disks_are_made_once_and_copied_daily():
    items = machines_items(LAB, LAB.tenant("hosp-a"))
    shared = by_key(items)["PersistentVolumeClaim/hosp-a/his-db-data"]
    assert shared["metadata"]["labels"]["yiyun.io/disk-role"] == "shared"
    assert shared["metadata"]["labels"]["yiyun.io/backup"] == "daily"
    assert item_of(items, "PersistentVolumeClaim/hosp-a/his-db-data").holds_data


def test_images_are_checked_against_their_hash():
    image = LAB.image("kylin-arm64")
    source = by_key(machines_items(LAB, LAB.tenant("hosp-a")))["VolumeImportSource/hosp-a/kylin-arm64"]
    assert source["spec"]["source"]["http"] == {
        "url": image.url,
        "checksum": f"sha256:{image.sha256}",
        "certConfigMap": "site-ca",
    }


def test_one_edit_changes_one_object():
    def manifests(where):
        return {key(i.manifest): i.manifest for t in where.spec.tenants for i in machines_items(where, t)}

    vms = tuple(changed(vm, memory_gib=48) if vm.name == "his-app-1" else vm for vm in LAB.spec.compute.vms)
    before = manifests(LAB)
    after = manifests(with_spec(LAB, compute=changed(LAB.spec.compute, vms=vms)))
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == ["VirtualMachine/hosp-a/his-app-1"]
