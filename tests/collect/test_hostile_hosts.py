"""Hostile hosts in one run with good ones: each is not evaluated with its cause, the good ones are complete.

The collector runs in a process of its own, so that its memory is its own. Time and memory are bounded.
"""

import json
import subprocess
import sys
from pathlib import Path

import hostile
import pytest
from ssh_servers import Servers

from yiyun.compliance.loader import load_rules
from yiyun.evidence.hosts import probes, records
from yiyun.operations.audit_parts.hosts import host_rules, wanted_probes
from yiyun.paths import CHECKOUT

DEADLINE = 12.0
SLACK = 30.0
"""Seconds for a busy machine."""
GROWTH_KIB = 128 * 1024
"""Twice what all answers together may hold: an answer is decoded beside its bytes."""
NO_ANSWER = "no answer within 12 s"
RECORDED = CHECKOUT / "tests" / "recorded" / "hosts" / "debian-12-hardened"

NOT_SSH = {
    "says-nothing": (hostile.says_nothing, NO_ANSWER),
    "greets-and-hangs": (hostile.greets_and_hangs, NO_ANSWER),
    "drips-its-greeting": (hostile.drips_its_greeting, NO_ANSWER),
    "garbage": (hostile.garbage, "onnection"),
    "greets-and-garbage": (hostile.greets_and_garbage, ""),
    "endless-line": (hostile.endless_line, ""),
    "endless-lines": (hostile.endless_lines, ""),
    "hangs-up": (hostile.hangs_up, "the host, or the way to it, is down"),
    "web-server": (hostile.web_server, ""),
}
SSH = {
    "hangs": (hostile.hangs, {}, NO_ANSWER),
    "never-reads": (hostile.never_reads, {"window": 4096}, NO_ANSWER),
    "a-gigabyte": (hostile.a_gigabyte, {}, "answer is longer than"),
    "a-gigabyte-in-one-frame": (hostile.a_gigabyte_in_one_frame, {}, "answer is longer than"),
    "a-gigabyte-of-complaints": (hostile.a_gigabyte_of_complaints, {}, NO_ANSWER),
    "compressed-gigabyte": (hostile.a_gigabyte, {"compression_algs": ["zlib@openssh.com"]}, "ompression"),
    "binary": (hostile.binary, {}, "no answer that can be read"),
    "closes-before-a-word": (hostile.closes_before_a_word, {}, ""),
    "closes-mid-frame": (hostile.closes_mid_frame, {}, "the host, or the way to it, is down"),
    "forges-frames": (hostile.forges_frames, {}, "no answer that can be read"),
    "end-marks-only": (hostile.end_marks_only, {}, "no answer that can be read"),
    "drips": (hostile.drips, {}, NO_ANSWER),
    "never-ends": (hostile.never_ends, {}, NO_ANSWER),
    "wants-a-password": (hostile.wants_a_password, {}, "sudo: a password is required"),
    "dies-of-a-signal": (hostile.dies_of_a_signal, {}, "the host gave no answer"),
    "without-rights": (hostile.without_rights, {}, "may not become root"),
    "wrong-host-key": (hostile.hangs, {"known": False}, "not the one pinned"),
    "not-adopted": (hostile.hangs, {"authorized": False}, "./yiyun hosts adopt"),
}
GIGABYTES = [f"gigabyte-{number}" for number in range(20)]
GOOD = [f"good-{number}" for number in range(5)]


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    made = Servers(tmp_path_factory.mktemp("hostile"))
    recorded = records.load_one(RECORDED)
    wanted = wanted_probes(host_rules(load_rules(CHECKOUT / "policies" / "mlps3")), deep=False)
    said = {f"command:{index}": recorded.sections.get(name) for index, name in enumerate(wanted)}
    assert probes.load().keys() >= wanted.keys()

    def say(name):
        return said[name].text.encode("utf-8", "surrogateescape") if said.get(name) else b""

    for name in GOOD:
        made.ssh(name, hostile.answering(say))
    for name, (talk, _) in NOT_SSH.items():
        made.tcp(name, talk)
    for name, (handler, options, _) in SSH.items():
        made.ssh(name, handler, **options)
    made.ssh("stops-mid-frame", hostile.stops_mid_frame)
    made.leads("gone", hostile.unused_port(), made.host_key)
    for name in GIGABYTES:
        made.ssh(name, hostile.a_gigabyte)
    yield made
    made.close()


def read(servers, *names):
    command = [sys.executable, str(Path(__file__).with_name("reading.py")), str(servers.ssh_config)]
    command += [str(servers.known_hosts), str(DEADLINE)]
    done = subprocess.run([*command, *names], capture_output=True, text=True, check=False, timeout=DEADLINE + 120)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def together(servers):
    found = read(servers, *GOOD, *NOT_SSH, *SSH, "stops-mid-frame", "gone")
    sys.stderr.write(f"{len(found['hosts'])} hosts in {found['seconds']:.1f} s, {found['grown_kib'] >> 10} MiB more\n")
    return found


def test_there_are_at_least_twenty():
    assert len({*NOT_SSH, *SSH, "stops-mid-frame", "gone"}) >= 20


@pytest.mark.parametrize("name", [*NOT_SSH, *SSH, "gone"])
def test_a_hostile_host_is_not_evaluated_with_its_cause(together, name):
    host = together["hosts"][name]
    cause = "refused" if name == "gone" else (NOT_SSH.get(name) or SSH[name])[-1]
    assert host["problem"]
    assert cause.lower() in host["problem"].lower() or "Connect call failed" in host["problem"]
    assert host["verdicts"]
    assert {tuple(verdict) for verdict in host["verdicts"]} == {("not_evaluated", host["problem"])}


def test_one_that_stops_mid_frame_loses_what_it_did_not_finish(together):
    verdicts = together["hosts"]["stops-mid-frame"]["verdicts"]
    assert {state for state, _ in verdicts} == {"not_evaluated"}
    assert any("cut off" in message for _, message in verdicts)


def test_all_others_are_complete(servers, together):
    alone = read(servers, GOOD[0])["hosts"][GOOD[0]]
    assert alone["problem"] is None
    assert sum(state == "pass" for state, _ in alone["verdicts"]) > 50
    for name in GOOD:
        assert together["hosts"][name] == alone


def test_time_is_bounded(together):
    assert together["seconds"] < DEADLINE + SLACK


def test_memory_is_bounded(together):
    assert together["grown_kib"] < GROWTH_KIB


def test_twenty_gigabytes_at_once_are_no_more_than_what_all_may_hold(servers, together):
    found = read(servers, GOOD[0], *GIGABYTES)
    assert found["hosts"][GOOD[0]] == together["hosts"][GOOD[0]]
    for name in GIGABYTES:
        assert "answer is longer than" in found["hosts"][name]["problem"]
    sys.stderr.write(f"20 gigabytes: {found['seconds']:.1f} s, {found['grown_kib'] >> 10} MiB more\n")
    assert found["grown_kib"] < GROWTH_KIB
    assert found["seconds"] < DEADLINE + SLACK
