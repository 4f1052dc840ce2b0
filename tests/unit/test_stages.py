"""`./yiyun test`: what is skipped is named, and is a failure in CI."""

from types import SimpleNamespace

import pytest
import typer

from yiyun.cli import project
from yiyun.paths import CHECKOUT


@pytest.fixture
def ran(monkeypatch):
    """Commands that would have been run, all of them with success, by somebody who is not root."""
    commands: list[list[str]] = []

    def run(command, **_):
        commands.append(command)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(project.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(project, "subprocess", SimpleNamespace(run=run))
    return commands


def test_without_root_the_hosts_are_skipped_and_named(ran, monkeypatch, capsys):
    monkeypatch.delenv("CI", raising=False)
    project.test(full=True, stage=None)
    assert "skipped: it needs root" in capsys.readouterr().err
    assert ran
    assert not [command for command in ran if "tests/hosts" in command]


def test_in_ci_that_is_a_failure(ran, monkeypatch, capsys):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(typer.Exit):
        project.test(full=True, stage=None)
    assert "FAILED: skipped, it needs root" in capsys.readouterr().err


def test_every_directory_of_tests_and_every_benchmark_has_a_stage():
    named = " ".join(" ".join(stage.command) for stage in project.stages(full=True))
    for directory in {path.parent for path in (CHECKOUT / "tests").glob("*/test_*.py")}:
        assert f"tests/{directory.name}" in named
    for path in (CHECKOUT / "benchmarks").glob("[!_]*.py"):
        assert str(path) in named
        assert (path.stem in project.ROOT_BENCHMARKS) == ("root is needed" in path.read_text(encoding="utf-8"))


def test_one_pytest_can_collect_all_tests():
    """Two files of one name in directories without a package would refuse it."""
    names = [path.name for path in (CHECKOUT / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names))
