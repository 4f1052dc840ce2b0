"""The command line: help for everything, bad input with exit code 2, never a traceback."""

import logging
import signal

import pytest

from yiyun.cli import main

COMMANDS = ("up", "down", "drift", "rollback", "import", "secrets", "gate", "attest", "doctor", "init", "env", "test")

ATTEST = ("attest", "--site", "lab", "--clause", "8.1.1.5-a", "--who", "x", "--file", "x")


@pytest.fixture
def yiyun(monkeypatch, capsys):
    """A function that runs the command line in this process: its exit code and what it said."""

    def run(*args, code):
        monkeypatch.setattr("sys.argv", ["yiyun", *map(str, args)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        said = capsys.readouterr()
        assert ended.value.code == code, said.out + said.err
        return said

    handler = signal.getsignal(signal.SIGTERM)
    yield run
    signal.signal(signal.SIGTERM, handler)
    logging.captureWarnings(capture=False)


def test_help_names_every_command(yiyun):
    text = yiyun("--help", code=0).out
    assert all(command in text for command in (*COMMANDS, "lab"))


@pytest.mark.parametrize("command", [*COMMANDS, "lab up", "lab status", "lab down", "lab reset", "policies export"])
def test_every_command_has_help(yiyun, command):
    assert "Usage" in yiyun(*command.split(), "--help", code=0).out


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
def test_bad_input_exits_2_and_says_what_to_do(yiyun, args, words):
    done = yiyun(*args, code=2)
    assert words in done.err


def test_init_makes_a_site_and_refuses_to_overwrite(yiyun, tmp_path):
    yiyun("init", tmp_path / "mine", code=0)
    assert (tmp_path / "mine" / "site.yaml").exists()
    assert "not empty" in yiyun("init", tmp_path / "mine", code=2).err
