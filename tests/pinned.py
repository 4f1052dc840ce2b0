"""Python packages that only some tests need: installed with hashes into the cache, not into .venv."""

import hashlib
import subprocess
import sys
from pathlib import Path

from yiyun.files import whole_directory
from yiyun.paths import cache_dir


def packages(lock: Path) -> Path:
    """Directory with the packages of a lock file, downloaded once per content of it."""
    key = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    place = cache_dir() / "tests" / f"{lock.parent.name}-{key}"
    if not place.is_dir():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        with whole_directory(place) as scratch:
            subprocess.run(
                [*pip, "--require-hashes", "--no-deps", "--target", str(scratch), "--requirement", str(lock)],
                check=True,
                timeout=900,
            )
    return place
