"""Whether a host is the one that hosts.yaml lists, and what it still lacks: from recorded chips and OS files."""

import os
import subprocess

import pytest
from recorded import CPU, OS_RELEASE
from shipped import changed

from yiyun import known_hosts
from yiyun.errors import UserError
from yiyun.lab.hosts import presentation
from yiyun.operations.hosts import identity, settle
from yiyun.operations.hosts.settle import Step, Wish
from yiyun.site.cpu import identify
from yiyun.site.selection import select

WISH = Wish("yiyun", "ssh-ed25519 AAAAC3 yiyun@lab")


def answer(cpu="kunpeng-920", release="openeuler-22.03", **sections):
    """What PROBE prints on a machine of that chip and OS."""
    lscpu = CPU / f"{cpu}.lscpu"
    parts = {
        "arch": "aarch64",
        "kernel": "5.10.0-216.0.0.115.oe2203sp4.aarch64",
        "page_size": "4096",
        "os_release": (OS_RELEASE / release).read_text(),
        "os_version": "",
        "cpuinfo": (CPU / f"{cpu}.cpuinfo").read_text(),
        "lscpu": lscpu.read_text() if lscpu.exists() else "",
        "memory": "263192128 kB",
        "disks": "",
        "firmware": "bios_vendor Huawei\nbios_version 1.98\nboot UEFI",
        "pythons": "/usr/bin/python3 3.9",
        "sudo": "/usr/bin/sudo",
        "user": "",
        "keys": "",
        "sudoers": "",
        "room": "/ 100000000",
        "lab": "",
        "end": "",
    } | sections
    return "".join(f"\n@@{name}\n{content}" for name, content in parts.items())


@pytest.fixture
def host(lab):
    """A Kunpeng host without disks of its own."""
    return changed(lab.host("lab-az1-03"), disks=())


def refusals(host, text, *, lab=False):
    return [str(found) for found in identity.differences(host, identity.parse(text), lab=lab)[0]]


def test_the_listed_host_is_accepted(host):
    found = identity.parse(answer())
    assert identity.differences(host, found, lab=False) == ([], [])
    assert (found.cpu_family, found.arch, found.os.name) == ("kunpeng", "arm64", "openeuler-22.03")
    assert found.firmware == {"bios_vendor": "Huawei", "bios_version": "1.98", "boot": "UEFI"}


@pytest.mark.parametrize(
    ("fields", "sections", "said"),
    [
        ({"cpu_family": "hygon"}, {}, "CPU family is kunpeng, hosts.yaml lists hygon"),
        ({}, {"cpu": "phytium-s2500"}, "CPU family is phytium, hosts.yaml lists kunpeng"),
        ({}, {"arch": "x86_64"}, "architecture is amd64, hosts.yaml lists arm64"),
        ({}, {"page_size": "65536"}, "page size (KiB) is 64, hosts.yaml lists 4"),
        ({}, {"kernel": "4.19.90"}, "kernel is 4.19.90, hosts.yaml lists 5.10.0-216.0.0.115.oe2203sp4.aarch64"),
        ({}, {"release": "kylin-v10-sp3"}, "operating system is kylin-v10-sp3"),
    ],
)
def test_another_host_than_listed_is_refused(host, fields, sections, said):
    [refused] = refusals(changed(host, **fields), answer(**sections))
    assert refused.startswith(said)


def test_a_listed_disk_must_be_there_with_its_size(lab):
    host = lab.host("lab-az1-01")
    names = [disk.id for disk in host.disks]
    sectors = {disk.id: disk.size_gib * 10**9 // 512 for disk in host.disks}  # vendors sell decimal gigabytes
    good = "\n".join(f"{name} {sectors[name]}" for name in names)
    text = answer(cpu="intel-xeon-gold-5218r", arch="x86_64", kernel=host.kernel, disks=good)
    assert refusals(host, text) == []
    small = f"{names[0]} {sectors[names[0]] // 2}"
    said = refusals(host, answer(cpu="intel-xeon-gold-5218r", arch="x86_64", kernel=host.kernel, disks=small))
    assert len(said) == len(names)
    assert f"disk {names[0]} is 224 GiB" in said[0]
    assert "not there" in said[1]


def test_a_lab_host_is_excused_only_by_its_lab_and_only_where_both_sides_agree(host):
    marker = presentation.of(host, "amd64", emulated=False).marker
    real = {"arch": "x86_64", "kernel": os.uname().release, "release": "debian-12", "lab": marker}
    real["page_size"] = str(os.sysconf("SC_PAGE_SIZE"))
    refused, excused = identity.differences(host, identity.parse(answer(**real)), lab=True)
    assert refused == []
    assert {difference.what for difference in excused} >= {"architecture", "kernel", "operating system"}
    assert len(refusals(host, answer(**real), lab=False)) >= 3
    assert refusals(changed(host, kernel="5.10.0"), answer(**real), lab=True) != []
    assert refusals(changed(host, cpu_family="phytium"), answer(**real), lab=True) != []


def test_what_each_host_presents_is_a_recording_that_is_told_right():
    for path in presentation.RECORDINGS.glob("*.cpuinfo"):
        texts = (path.read_text(), path.with_suffix(".lscpu").read_text())
        assert identify(*texts) == path.stem
        assert texts[0] in {recorded.read_text() for recorded in CPU.glob("*.cpuinfo")}


@pytest.mark.parametrize("cut", [10, 500, 2000])
def test_an_answer_that_was_cut_off_is_no_answer(cut):
    with pytest.raises(identity.UnreadableError, match="cut off"):
        identity.parse(answer()[:cut])


def test_an_answer_without_sense_is_no_answer():
    with pytest.raises(identity.UnreadableError, match="no sense"):
        identity.parse(answer(page_size="many"))


def test_the_newest_usable_python_counts():
    shown = "/usr/bin/python3 3.7\n/usr/bin/python3.11 3.11\n/usr/bin/python3.9 3.9\n/usr/bin/broken "
    assert identity.parse(answer(pythons=shown)).python == "/usr/bin/python3.11"
    assert identity.parse(answer(pythons="/usr/bin/python3 3.7")).python is None


def test_steps_follow_from_what_is_missing():
    bare = identity.parse(answer(pythons="/usr/bin/python3 3.7", sudo=""))
    assert settle.missing(bare, WISH) == list(Step)
    done = answer(user="yiyun:x:1000:", keys=f"# old\n{WISH.public_key}", sudoers=WISH.sudoers + "\n")
    assert settle.missing(identity.parse(done), WISH) == []
    off = answer(user="yiyun:x:1000:", keys=f"#{WISH.public_key}", sudoers="yiyun ALL=(ALL) ALL")
    assert settle.missing(identity.parse(off), WISH) == [Step.KEY, Step.SUDO]


@pytest.mark.parametrize(
    ("room", "steps", "full"),
    [
        ("/ 999999", [Step.USER], None),
        ("/ 999", [Step.USER], "/ has 0 MiB free, 1 are needed"),
        ("/ 999", [], None),
        ("/ 150000", [Step.PACKAGES], "/ has 146 MiB free, 200 are needed"),
        ("/ 150000\n/usr 999999\n/var 999999", [Step.PACKAGES], None),
        ("/ 999999\n/var 1024", [Step.PACKAGES], "/var has 1 MiB free, 200 are needed"),
    ],
)
def test_a_full_filesystem_is_named_before_anything_is_written(room, steps, full):
    assert settle.full_filesystem(identity.parse(answer(room=room)), steps) == full


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_scripts_are_posix_and_probe_changes_nothing(shell):
    for text in (f"user=yiyun\n{identity.PROBE}", settle.script(WISH, list(Step), "/root/bundle.tar")):
        assert subprocess.run([shell, "-n"], input=text, text=True, capture_output=True, check=False).stderr == ""
    done = subprocess.run([shell], input=f"user=no-such\n{identity.PROBE}", text=True, capture_output=True, check=False)
    found = identity.parse(done.stdout)
    assert found.kernel == os.uname().release
    assert not found.user_exists
    assert found.room_kib


def test_keys_are_pinned_once_and_forgotten_by_name(tmp_path):
    path = tmp_path / "site" / "known_hosts"
    known_hosts.pin(path, "a", "198.18.0.1", "ssh-ed25519 AAA")
    known_hosts.pin(path, "a", "198.18.0.1", "ssh-ed25519 BBB")
    known_hosts.pin(path, "b", "198.18.0.2", "ssh-ed25519 CCC")
    assert known_hosts.pinned(path) == {
        "a": "ssh-ed25519 AAA",
        "198.18.0.1": "ssh-ed25519 AAA",
        "b": "ssh-ed25519 CCC",
        "198.18.0.2": "ssh-ed25519 CCC",
    }
    known_hosts.unpin(path, ["a"])
    assert path.read_text() == "b,198.18.0.2 ssh-ed25519 CCC\n"


def test_hosts_are_picked_by_name_glob_zone_role_and_chip(lab):
    def names(pattern):
        return [host.name for host in select(lab, pattern)]

    assert names("lab-az1-01") == ["lab-az1-01"]
    assert names("lab-az2-0[12], lab-az1-01") == ["lab-az1-01", "lab-az2-01", "lab-az2-02"]
    assert names("az3") == [host.name for host in lab.hosts_in(zone="az3")]
    assert names("control") == [host.name for host in lab.hosts_in(role="control")]
    assert names("kunpeng") == [host.name for host in lab.hosts if host.cpu_family == "kunpeng"]
    assert names("all") == [host.name for host in lab.hosts]
    for wrong in ("", "az9", "lab-az1-01,nobody"):
        with pytest.raises(UserError, match="--hosts"):
            select(lab, wrong)
