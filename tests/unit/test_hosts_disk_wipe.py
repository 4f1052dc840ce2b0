"""Which disks may be wiped: decided over recorded answers of hosts (tests/recorded/disks)."""

import json
import subprocess
from dataclasses import replace

import pytest
from recorded import RECORDED

from yiyun.operations.hosts import disk_wipe
from yiyun.operations.hosts.disk_wipe import Part, Target
from yiyun.paths import CHECKOUT

DISKS = RECORDED / "disks"
ID = "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4"
SYSTEM = "/dev/disk/by-path/pci-0000:00:17.0-ata-1"
HOST = {
    "name": "lab-az1-02",
    "disks": [{"id": SYSTEM, "kind": "ssd", "use": "system"}, {"id": ID, "kind": "hdd", "use": "object"}],
}
ASKED = Target(ID, "hdd")
EVERYTHING = ["LVM2_member", "dos", "ext4", "ceph_bluestore"]


def recorded(name: str) -> disk_wipe.Found:
    return disk_wipe.found((DISKS / name).read_text())


def test_the_disk_is_named_with_its_host() -> None:
    assert disk_wipe.target(f"lab-az1-02:{ID}", HOST) == ASKED


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("", "is not <host>:<disk>"),
        ("lab-az1-02", "is not <host>:<disk>"),
        ("lab-az1-02:", "is not <host>:<disk>"),
        (ID, "is not <host>:<disk>"),
        (f"lab-az1-03:{ID}", "names another host"),
        (f"LAB-AZ1-02:{ID}", "names another host"),
        ("lab-az1-02:/dev/sdb", "is no disk of lab-az1-02 in hosts.yaml"),
        (f"lab-az1-02:{ID}-part1", "is no disk of lab-az1-02 in hosts.yaml"),
        (f"lab-az1-02: {ID}", "is no disk of lab-az1-02 in hosts.yaml"),
        (f"lab-az1-02:{SYSTEM}", "is the system disk"),
    ],
)
def test_other_words_name_nothing(asked: str, said: str) -> None:
    target = disk_wipe.target(asked, HOST)
    assert said in target.refusal
    assert target.id == ""


def test_everything_on_the_disk_must_be_named() -> None:
    disk = recorded("partitions-ext4-lvm.txt")
    assert disk.signatures == ("LVM2_member", "dos", "ext4")
    (said,) = disk_wipe.refusals(disk, ASKED, ["dos", "ext4"])
    assert said.startswith("it holds LVM2_member;")
    assert json.loads(said[said.index("{") : said.rindex("}") + 1])["disks_wipe_signatures"] == list(disk.signatures)
    assert disk_wipe.refusals(disk, ASKED, list(disk.signatures)) == []


def test_a_mounted_partition_is_refused_whatever_is_named() -> None:
    (said,) = disk_wipe.refusals(recorded("partition-mounted.txt"), ASKED, EVERYTHING)
    assert "is in use at /tmp/hd/trial/mnt; unmount it first" in said


def test_a_running_ceph_osd_is_refused_whatever_is_named() -> None:
    disk = recorded("ceph-raw-open.txt")
    (said,) = disk_wipe.refusals(disk, ASKED, EVERYTHING)
    assert "has it open" in said
    assert "ceph_bluestore" in disk_wipe.refusals(disk, ASKED, [])[1]


def with_parts(*parts: Part) -> disk_wipe.Found:
    disk = recorded("partitions-ext4-lvm.txt")
    return replace(disk, parts=(disk.parts[0], *parts))


def test_swap_is_use() -> None:
    said = disk_wipe.refusals(with_parts(Part("/dev/sdb1", "part", 2**30, "[SWAP]", 1)), ASKED, EVERYTHING)
    assert said == ["/dev/sdb1 is in use at [SWAP]; unmount it first"]


@pytest.mark.parametrize("kind", ["bcache", "mpath", "rom", "something-new"])
def test_what_cannot_be_taken_apart_is_refused(kind: str) -> None:
    (said,) = disk_wipe.refusals(with_parts(Part("/dev/x", kind, 2**30, "", 1)), ASKED, EVERYTHING)
    assert said == f"/dev/x ({kind}) is made of it and active; stop it first"


def test_a_partition_is_no_disk() -> None:
    disk = recorded("partitions-ext4-lvm.txt")
    disk = replace(disk, parts=(replace(disk.parts[0], type="part"),))
    assert "no whole disk" in disk_wipe.refusals(disk, ASKED, EVERYTHING)[0]


def test_a_disk_without_size_is_refused() -> None:
    disk = recorded("partitions-ext4-lvm.txt")
    disk = replace(disk, parts=(replace(disk.parts[0], size_bytes=0),))
    assert "has no size" in disk_wipe.refusals(disk, ASKED, EVERYTHING)[0]


def test_something_made_of_a_disk_without_signature_is_refused() -> None:
    disk = replace(with_parts(Part("/dev/mapper/x", "dm", 2**30, "", 1)), signatures=())
    assert "no signature says what it is" in disk_wipe.refusals(disk, ASKED, [])[0]


def test_layers_are_taken_apart_from_the_outside() -> None:
    disk = with_parts(
        Part("/dev/sdb1", "part", 9, "", 1),
        Part("/dev/md0", "raid1", 9, "", 2),
        Part("/dev/mapper/vg-osd", "lvm", 9, "", 3),
        Part("/dev/mapper/osd-crypt", "crypt", 9, "", 4),
    )
    assert disk_wipe.releases(disk) == ["dm /dev/mapper/osd-crypt", "dm /dev/mapper/vg-osd", "md /dev/md0"]


def test_an_answer_that_is_cut_off_decides_nothing() -> None:
    whole = (DISKS / "partitions-ext4-lvm.txt").read_text()
    with pytest.raises(ValueError, match="cut off"):
        disk_wipe.found(whole[: whole.index("== openers")])


def test_the_report_counts_only_what_was_verified() -> None:
    disk, named = recorded("partitions-ext4-lvm.txt"), ["dos"]
    done = ["began 2026-01-01T00:00:00Z", "ended 2026-01-01T01:00:00Z", "samples 64", "verified yes"]
    full = disk_wipe.report("lab-az1-02", ASKED, disk, "overwrite", named, done, "ops")
    assert (full["verified"], full["samples_read_back"], full["size_bytes"]) == (True, 64, 64 * 2**20)
    assert disk_wipe.report("lab-az1-02", ASKED, disk, "overwrite", named, done[:1], "ops")["verified"] is False


def test_erasing_another_device_than_was_looked_at_is_refused(tmp_path) -> None:
    """A by-path name may lead to another disk by the time it is erased; `lsblk` here says so."""
    lsblk = tmp_path / "lsblk"
    lsblk.write_text("#!/bin/sh\necho '8:32'\n")
    lsblk.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", CHECKOUT / "roles/disks/files/erase.sh", "/dev/null", "8:16", "overwrite", "0"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing was destroyed" in done.stderr


def test_a_report_says_what_is_left_to_do() -> None:
    host = {**HOST, "disks": [*HOST["disks"], {"id": "/dev/disk/by-id/gone", "kind": "hdd", "use": "object"}]}
    seen = [f"{SYSTEM} ext4 gpt ", f"{ID} no signature", "/dev/disk/by-id/gone not there"]
    states = {one["disk"]: one for one in disk_wipe.left_behind(host, seen, [f"lab-az1-02:{ID}"])}
    assert (states[SYSTEM]["state"], states[SYSTEM]["holds"]) == ("not wiped", "ext4 gpt")
    assert states[ID]["state"] == "wiped"
    assert states["/dev/disk/by-id/gone"]["state"] == "not there"
    assert {one["state"] for one in disk_wipe.left_behind(host, [], [])} == {"not looked at"}
    assert disk_wipe.left_behind(host, seen, [])[1]["left_to_do"].startswith("wipe it")
