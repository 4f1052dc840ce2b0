"""Builds a recipe into the cache: pinned by go.sum, resumable, safe when two run at once, with progress."""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock

from yiyun.errors import UserError
from yiyun.paths import cache_dir
from yiyun.toolchain import golang
from yiyun.toolchain.recipe import Recipe

Report = Callable[[str], None]
HEARTBEAT = 15.0
"""Seconds between two lines of progress."""


def build(recipe: Recipe, report: Report) -> Path:
    """Build `recipe` unless its result is in the cache; return the directory of its binaries.

    Two builds of one recipe wait for each other. A killed build leaves nothing that looks finished: binaries are
    made in a temporary directory that is renamed last, and the compiler's own cache makes the next try short.
    """
    if recipe.bin_dir.exists():
        return recipe.bin_dir
    home = recipe.bin_dir.parent
    home.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        stack.enter_context(FileLock(home.with_name(f"{home.name}.lock")))
        if recipe.bin_dir.exists():
            return recipe.bin_dir
        go = golang.ensure(report)
        stack.enter_context(_compiler_cache(fcntl.LOCK_SH))
        for stale in home.parent.glob(f"{home.name}.tmp*"):
            shutil.rmtree(stale)
        with tempfile.TemporaryDirectory(prefix=f"{home.name}.tmp", dir=home.parent) as scratch:
            source = Path(scratch) / "source"
            shutil.copytree(recipe.source, source)
            _embed(go, recipe, source)
            out = Path(scratch) / "result" / "bin"
            out.mkdir(parents=True)
            _compile(go, recipe, source, out, report)
            _copy_scripts(go, recipe, source, out)
            out.parent.rename(home)
    return recipe.bin_dir


def drop_compiler_cache() -> None:
    """Delete GOCACHE: several GB that a finished toolchain does not need. Left alone while another build uses it."""
    with contextlib.suppress(BlockingIOError), _compiler_cache(fcntl.LOCK_EX | fcntl.LOCK_NB):
        shutil.rmtree(cache_dir() / "gocache", ignore_errors=True)


@contextlib.contextmanager
def _compiler_cache(how: int) -> Iterator[None]:
    """Hold GOCACHE, shared by builds or alone (a `fcntl.LOCK_...`)."""
    cache_dir().mkdir(parents=True, exist_ok=True)
    with (cache_dir() / "gocache.lock").open("w") as file:
        fcntl.flock(file, how)
        yield


def _go(go: Path, source: Path, *args: str, arch: str = "") -> str:
    done = subprocess.run(
        [str(go), *args], cwd=source, env=golang.environment(arch), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise UserError(f"go {' '.join(args)} failed in {source.name}:\n{done.stderr.strip()[-2000:]}")
    return done.stdout


def _module_dir(go: Path, source: Path, module: str) -> Path:
    _go(go, source, "mod", "download", module)
    return Path(json.loads(_go(go, source, "list", "-m", "-json", module))["Dir"])


def _embed(go: Path, recipe: Recipe, source: Path) -> None:
    embed = recipe.build.embed
    if embed is None:
        return
    module = _module_dir(go, source, embed.module)
    for name in embed.files:
        target = source / Path(name).name
        shutil.copyfile(module / name, target)
        if embed.set_version and target.name == embed.set_version.file:
            content = json.loads(target.read_text(encoding="utf-8"))
            content["version"] = embed.set_version.version
            target.write_text(json.dumps(content), encoding="utf-8")


def _copy_scripts(go: Path, recipe: Recipe, source: Path, out: Path) -> None:
    if recipe.build.scripts is None:
        return
    module = _module_dir(go, source, recipe.build.scripts.module)
    for name in recipe.build.scripts.files:
        target = out / Path(name).name
        shutil.copyfile(module / name, target)
        target.chmod(0o755)


def _compile(go: Path, recipe: Recipe, source: Path, out: Path, report: Report) -> None:
    report(f"{recipe.name}: fetching modules")
    for name, binary in recipe.build.binaries.items():
        total = len(_go(go, source, "list", "-deps", binary.package, arch=recipe.arch).splitlines())
        command = [str(go), "build", "-v", "-ldflags", f"-s -w {recipe.build.ldflags}", "-o", str(out / name)]
        _run_with_progress([*command, binary.package], recipe, source, name, total, report)
        report(f"{name}: built")


def _run_with_progress(command: list[str], recipe: Recipe, source: Path, name: str, total: int, report: Report) -> None:
    started = time.monotonic()
    environment = golang.environment(recipe.arch)
    process = subprocess.Popen(command, cwd=source, env=environment, stderr=subprocess.PIPE, text=True)
    lines: list[str] = []
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(HEARTBEAT):
            report(f"{name}: {len(lines)} of at most {total} packages, {time.monotonic() - started:.0f} s")

    threading.Thread(target=beat, daemon=True).start()
    try:
        for line in process.stderr or ():
            lines.append(line)  # noqa: PERF402  # the heartbeat reads its length meanwhile
        code = process.wait()
    finally:
        stop.set()
        if process.poll() is None:
            process.terminate()
            process.wait()
    if code:
        raise UserError(f"building {name} failed ({' '.join(command[1:3])} …):\n{''.join(lines)[-2000:]}")


def link_plugin(recipe: Recipe, binary: Path, pulumi_home: Path) -> None:
    """Put a resource plugin where Pulumi looks for it: `plugins/resource-<name>-v<version>/`."""
    plugin = recipe.build.plugin
    if plugin is None:
        return
    target = pulumi_home / "plugins" / f"resource-{plugin.name}-v{plugin.version}" / binary.name
    if target.is_symlink() and target.readlink() == binary:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    fresh.symlink_to(binary)
    fresh.replace(target)


def keep_no_logs(pulumi_home: Path) -> None:
    """Put a file where pulumi makes its directory of logs (docs/decisions/0007): it then goes on without them."""
    logs = pulumi_home / "logs"
    if logs.is_file():
        return
    shutil.rmtree(logs, ignore_errors=True)
    pulumi_home.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(IsADirectoryError):  # a pulumi of this moment made it again: the next command's turn
        logs.write_text("yiyun keeps pulumi's output per update in the site's state; see docs/decisions/0007\n")


def put_beside(source: Path, target: Path) -> None:
    """Link the language host and its scripts into pulumi's own directory, where it looks for them first."""
    if not (source.is_dir() and target.is_dir()):
        return
    for file in source.iterdir():
        with contextlib.suppress(FileExistsError):
            (target / file.name).hardlink_to(file)
