"""The command line: help for everything, bad input with exit code 2, never a traceback."""

import subprocess
import sys

import pytest

from yiyun.paths import CHECKOUT

COMMANDS = ("up", "down", "drift", "rollback", "import", "secrets", "gate", "attest", "doctor", "init", "env", "test")

ATTEST = ("attest", "--site", "lab", "--clause", "8.1.1.5-a", "--who", "x", "--file", "x")


def yiyun(*args, code=None):
    done = subprocess.run(
        [sys.executable, "-m", "yiyun.cli.main", *map(str, args)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    assert code is None or done.returncode == code, done.stdout + done.stderr
    return done


def test_help_names_every_command():
    text = yiyun("--help", code=0).stdout
    assert all(command in text for command in (*COMMANDS, "lab"))


@pytest.mark.parametrize("command", [*COMMANDS, "lab up", "lab status", "lab down", "lab reset"])
def test_every_command_has_help(command):
    assert "Usage" in yiyun(*command.split(), "--help", code=0).stdout


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["up", "--site", "nowhere"], "shipped sites are hospital, lab"),
        (["gate"], "--site NAME, or --manifests PATH"),
        (["gate", "--manifests", "/nowhere/at/all"], "/nowhere/at/all"),
        (["gate", "--format", "pdf", "--site", "lab"], "pdf"),
        (["attest", "--site", "lab"], "--clause"),
        ([*ATTEST, "--document", "fire"], "8.1.1.5-a wants fire_inspection"),
        ([*ATTEST, "--document", "fire_inspection", "--until", "soon"], "--until soon: write a date"),
        ([*ATTEST, "--document", "fire_inspection", "--field", "y"], "write NAME=VALUE"),
        (["secrets", "burn"], "secrets init"),
        (["rollback"], "--to"),
        (["nonsense"], "nonsense"),
        (["test", "--stage", "nonsense"], "unit"),
    ],
)
def test_bad_input_exits_2_and_says_what_to_do(args, words):
    done = yiyun(*args, code=2)
    assert words in done.stderr


def test_init_makes_a_site_and_refuses_to_overwrite(tmp_path):
    yiyun("init", tmp_path / "mine", code=0)
    assert (tmp_path / "mine" / "site.yaml").exists()
    assert "not empty" in yiyun("init", tmp_path / "mine", code=2).stderr
