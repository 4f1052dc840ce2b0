"""Processes: ours are known by pid, start time, boot and command line, and nothing else is touched."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest
from waiting import wait_until

from yiyun.errors import UserError
from yiyun.lab import process

SLEEP = ("/bin/sleep", "300")


@pytest.fixture
def started(tmp_path):
    """Start processes and end them after the test."""
    running = []

    def start(command=SLEEP, name="part"):
        child = process.spawn(tmp_path / f"{name}.json", name, command, {"PATH": "/bin"}, tmp_path / f"{name}.log", "f")
        running.append(child)
        return child, process.read_record(tmp_path / f"{name}.json")

    yield start
    for child in running:
        child.kill()
        child.wait()


def test_own_process_is_known(started):
    child, record = started()
    assert record.pid == child.pid
    assert process.is_alive(record)
    assert os.getsid(child.pid) == child.pid  # a session of its own: it outlives the terminal


@pytest.mark.parametrize("change", [{"started": 1}, {"boot": "other"}, {"command": ("/bin/sleep", "299")}])
def test_another_process_with_the_same_pid_is_not_ours(started, change):
    child, record = started()
    wait_until(lambda: psutil.Process(child.pid).cmdline())  # empty while the program is being loaded
    assert not process.is_alive(dataclasses.replace(record, **change))


def test_killed_process_is_dead_even_as_a_zombie(started):
    child, record = started()
    os.kill(child.pid, signal.SIGKILL)
    wait_until(lambda: process.start_ticks(child.pid) is None)
    assert child.returncode is None  # nobody has collected it yet
    assert not process.is_alive(record)


def test_end_terminates_and_waits(started):
    child, record = started()
    process.end(child.pid, lambda: process.is_alive(record))
    assert not process.is_alive(record)


def test_end_kills_what_ignores_sigterm(tmp_path, started, monkeypatch):
    monkeypatch.setattr(process, "TERM_SECONDS", 0.2)
    code = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(300)"
    child, record = started((sys.executable, "-c", code))
    wait_until(lambda: (tmp_path / "part.log").read_text() == "on\n")
    process.end(child.pid, lambda: process.is_alive(record))
    assert not process.is_alive(record)


def test_end_says_when_nothing_helps(monkeypatch, started):
    monkeypatch.setattr(process, "TERM_SECONDS", 0.05)
    monkeypatch.setattr(process, "KILL_SECONDS", 0.05)
    child, record = started()
    monkeypatch.setattr(process.os, "kill", lambda _pid, _signal: None)  # as in a hanging system call
    with pytest.raises(UserError, match="does not end"):
        process.end(child.pid, lambda: process.is_alive(record))
    monkeypatch.undo()  # the fixture must be able to end it


def test_end_sends_nothing_to_a_process_that_is_not_meant(started):
    child, record = started()
    stranger = dataclasses.replace(record, started=1)
    process.end(child.pid, lambda: process.is_alive(stranger))
    time.sleep(0.1)
    assert process.is_alive(record)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"pid": 1}', '{"command": 1}', "null"])
def test_damaged_record_is_none(tmp_path, content):
    path = tmp_path / "r.json"
    path.write_text(content)
    assert process.read_record(path) is None


def test_stray_is_found_by_program_and_argument(tmp_path):
    program, mark = tmp_path / "kwok", f"{tmp_path}/config/"
    shutil.copy("/bin/sh", program)
    stray = subprocess.Popen([str(program), "-c", "read line", f"--config={mark}x"], stdin=subprocess.PIPE)
    try:
        wait_until(lambda: process.find_strays(("kwok",), (mark,), ()))
        found = process.find_strays(("kwok",), (mark,), ())
        assert [each.pid for each in found] == [stray.pid]
        assert process.find_strays(("etcd",), (mark,), ()) == []
        assert process.find_strays(("kwok",), ("/elsewhere/",), ()) == []
        assert process.find_strays(("kwok",), (mark,), {stray.pid}) == []
        assert found[0].is_alive()
    finally:
        stray.kill()
        stray.wait()
    assert not found[0].is_alive()


def test_long_log_is_put_aside(tmp_path, monkeypatch, started):
    monkeypatch.setattr(process, "LOG_LIMIT", 10)
    (tmp_path / "part.log").write_text("more than ten bytes")
    started()
    assert (tmp_path / "part.log.1").read_text() == "more than ten bytes"
    assert (tmp_path / "part.log").read_text() == ""


def test_log_is_readable_by_its_owner_alone(tmp_path, started):
    started()
    assert (tmp_path / "part.log").stat().st_mode & 0o077 == 0


def test_last_lines(tmp_path):
    log = tmp_path / "x.log"
    assert process.last_lines(log) == "(no log)"
    log.write_text("")
    assert process.last_lines(log) == "(empty log)"
    log.write_text("\n".join(f"line {number}" for number in range(5000)))
    assert process.last_lines(log, 2) == "line 4998\nline 4999"
