"""All hosts of site lab, one of them arm64, from bare machines to hardened ones; a second run changes nothing.

Takes most of an hour: the emulated host starts a Python for every task. The times go to benchmarks/results/.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import _recording
from converging import ROLES, Host, play, recap

HOSTS = 12
HOURS = 3600.0


def test_from_nothing_to_green_and_a_second_run_changes_nothing(place, capsys) -> None:
    times: dict[str, float] = {}

    @contextmanager
    def timed(what: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        times[what] = round(time.monotonic() - started, 1)
        with capsys.disabled():
            sys.stdout.write(f"\n  {what}: {times[what]:.0f} s")

    with timed("lab hosts up"):
        place.yiyun("lab", "hosts", "up", timeout=HOURS)
    states = place.lab.status()
    names = [status.name for status in states]
    assert len(names) == HOSTS and {status.state for status in states} == {"running"}
    native = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    assert sorted({status.arch for status in states} | {native}) == ["amd64", "arm64"]
    with timed("hosts adopt"):
        place.yiyun("hosts", "adopt", timeout=HOURS)
    with timed("hosts.yml, first run"):
        first = play(place, timeout=3 * HOURS)
    with timed("hosts.yml, second run"):
        second = play(place, timeout=3 * HOURS)
    nothing = dict.fromkeys(names, 0)
    for output in (first, second):
        assert recap(output, "failed") == recap(output, "unreachable") == nothing
    assert all(recap(first).values())
    assert recap(second) == nothing
    with timed("hosts plan"):
        place.yiyun("hosts", "plan", timeout=HOURS)
    assert {Host(place, name).root("id -u") for name in names} == {"0\n"}
    _recording.write(
        "whole_lab",
        _recording.machine()
        | {
            "what": "site lab: bare hosts to playbooks/hosts.yml green, then a second run",
            "architectures": {status.name: status.arch for status in states},
            "roles": len(ROLES),
            "seconds": times,
            "changed": {"first": recap(first), "second": recap(second)},
            "load_average_at_end": [round(load, 1) for load in os.getloadavg()],
        },
    )
