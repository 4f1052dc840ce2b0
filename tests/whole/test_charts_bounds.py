"""Bounds of a program that renders charts: CPU time, time, output and memory."""

import sys

import pytest

from yiyun.evidence.charts import bounded
from yiyun.evidence.charts.bounded import Bounds, Ended

MIB = 1024 * 1024


def bounded_python(tmp_path, code, cpu=20, seconds=500, memory=512 * MIB):
    command = [sys.executable, "-I", "-S", "-c", code]
    return bounded.run(command, {}, tmp_path, Bounds(cpu, seconds, MIB, memory))


def test_within_its_bounds_a_program_runs_as_it_is(tmp_path):
    code = "import sys, os; print(os.getcwd(), sys.stdin.read()); print('e', file=sys.stderr); sys.exit(3)"
    ended = bounded_python(tmp_path, code)
    assert ended == Ended(3, f"{tmp_path} \n".encode(), b"e\n", "")


@pytest.mark.parametrize(
    "code",
    [
        "import time, os; os.close(1); os.close(2); time.sleep(600)",
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)",
    ],
)
def test_a_program_that_waits_for_ever_is_ended(tmp_path, code):
    ended = bounded_python(tmp_path, code, seconds=1)
    assert ended == Ended(-9, b"", b"", "took more than 1 s")


@pytest.mark.parametrize(
    ("code", "heard"),
    [("while True: pass", True), ("import sys\nwhile True: sys.stderr.write('x' * 100000)", False)],
)
def test_a_program_that_works_for_ever_is_ended(tmp_path, code, heard):
    deaf = "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)\n"
    ended = bounded_python(tmp_path, ("" if heard else deaf) + code, cpu=1)
    assert (ended.code, ended.stopped) == (-24 if heard else -9, "used more than 1 s of CPU time")
    assert len(ended.stderr) <= bounded.KEPT_ERRORS


def test_a_program_that_others_kill_broke_no_bound(tmp_path):
    ended = bounded_python(tmp_path, "import os; os.kill(os.getpid(), 9)")
    assert ended == Ended(-9, b"", b"", "")


def test_a_flood_of_output_is_cut(tmp_path):
    ended = bounded_python(tmp_path, "import sys\nwhile True: sys.stdout.write('x' * 100000)")
    assert ended == Ended(-9, b"", b"", "printed more than 1 MiB")


def test_memory_is_bounded_from_the_first_instruction(tmp_path):
    ended = bounded_python(tmp_path, "x = bytearray(2 * 1024**3)", memory=256 * MIB)
    assert ended.code == 1
    assert b"MemoryError" in ended.stderr
