"""Probes of the machine and of what is around it: what they make of odd output, and what they refuse."""

from pathlib import Path

import pytest

from yiyun.evidence.hosts import probes
from yiyun.evidence.hosts.probes import Unreadable

WRITTEN = Path(__file__).parent / "written_hosts/server"


def parse(name: str, *changes: tuple[str, str]):
    text = (WRITTEN / f"{name}.txt").read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return probes.load()[name].parse(text)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("machine", "MemTotal:       263847936 kB", "MemTotal: lots"),
        ("machine", "x86_64\n5.10", "5.10"),
        ("lsm", "== selinux\n1", "== selinux\n2"),
        ("links", "eth0 no up 25000 full", "eth0 no up full"),
        ("links", "3b9aca00 00000000\n3b9aca00 00000000\n", ""),
        ("links", "max 262144\n", ""),
        ("board", "Inlet Temp       | 04h | ok  |  7.1 | 23 degrees C", "Get Device ID command failed"),
        ("updates", "1795820000\n", ""),
        ("updates", "== newer\n", "== newer\n!! no package\n"),
        ("intrusion", "UnitFileState=enabled\n", ""),
        ("battery", "== monitor\nactive", "== monitor\n"),
        ("battery", "battery.runtime: 1800", "battery.runtime: long"),
    ],
)
def test_what_is_not_understood_is_refused(name, old, new):
    with pytest.raises(Unreadable):
        parse(name, (old, new))


def test_the_last_word_of_the_command_line_counts_and_then_how_the_kernel_was_built():
    assert parse("machine")["emptied"] == {"alloc": False, "free": True}
    assert parse("machine", ("init_on_free=1", "init_on_free=1 init_on_free=0"))["emptied"]["free"] is False
    built = ("# CONFIG_INIT_ON_ALLOC_DEFAULT_ON is not set", "CONFIG_INIT_ON_ALLOC_DEFAULT_ON=y")
    assert parse("machine", built)["emptied"]["alloc"] is True
    unknown = ("# CONFIG_INIT_ON_ALLOC_DEFAULT_ON is not set\n", "")
    assert parse("machine", unknown)["emptied"]["alloc"] is None


def test_a_kernel_without_tracking_has_none():
    assert parse("links", ("count 12000", "count -"))["tracked"] is None


def test_who_did_not_answer_is_no_neighbour():
    seen = {each["address"] for each in parse("links")["neighbours"]}
    assert "198.18.0.77" not in seen
    assert "198.18.0.11" in seen


def test_the_air_that_goes_out_is_not_looked_at():
    assert [each["name"] for each in parse("board")["inlets"]] == ["Inlet Temp"]


def test_hosts_without_the_programs_say_so():
    assert probes.load()["board"].parse("== absent\n") == {"inlets": None, "supplies": None}
    assert probes.load()["battery"].parse("== absent\n")["installed"] is False
    gone = "== now\n1\n== unit\nLoadState=not-found\nActiveState=inactive\nUnitFileState=\n== records\n== signatures\n"
    assert probes.load()["intrusion"].parse(gone) == {"sensor": None}


def test_rpm_does_not_say_what_is_half_installed():
    installed = "== installed\n{} installed\nsudo installed\n"
    asked = probes.load()["packages"].parse(installed.format("rpm"))
    assert asked["installed"]["sudo"] and "half_installed" not in asked
    assert probes.load()["packages"].parse(installed.format("dpkg") + "== broken\n")["half_installed"] == []
    with pytest.raises(Unreadable):
        probes.load()["packages"].parse(installed.format("dpkg"))
