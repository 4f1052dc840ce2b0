"""Debian's headless Chromium, unpacked into the cache with a Chinese font; nothing is installed."""

import os
from pathlib import Path

from yiyun.files import whole_directory
from yiyun.lab.hosts import tools
from yiyun.lab.hosts.command import run
from yiyun.paths import cache_dir

PACKAGES = ("chromium-headless-shell", "fonts-wqy-microhei")
PROGRAM = "usr/lib/chromium/chromium-headless-shell"


def unpacked() -> Path:
    """Root directory of the unpacked packages, downloaded once with the libraries that this machine lacks."""
    arch = tools.native_arch()
    root = cache_dir() / "tests" / f"chromium-{arch}"
    if not root.is_dir():
        with whole_directory(root) as scratch:
            for package in tools.apt().download(PACKAGES, tools.STATUS, arch):
                run(["dpkg-deb", "--extract", str(package), str(scratch)], seconds=300)
    return root


def environment(root: Path) -> dict[str, str]:
    """In which the program finds its libraries and the font."""
    libraries = root / "usr" / "lib" / f"{os.uname().machine}-linux-gnu"
    return {
        **os.environ,
        "LD_LIBRARY_PATH": f"{libraries}:{libraries / 'pulseaudio'}",
        "XDG_DATA_HOME": str(root / "usr" / "share"),
    }
