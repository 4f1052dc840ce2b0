"""What tests of whole sites do as a user would: run ./yiyun, change a line of a file."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from yiyun.paths import CHECKOUT


def yiyun(
    *args: str, site: Path, env: Mapping[str, str], code: int | None = 0, timeout: float = 400
) -> subprocess.CompletedProcess[str]:
    """Run ./yiyun with `--site` and check its exit code (None: any); no traceback is ever allowed."""
    done = subprocess.run(
        [str(CHECKOUT / "yiyun"), *args, "--site", str(site)],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    assert code is None or done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def replace(path: Path, old: str, new: str) -> None:
    """Replace one piece of text of a file, which must be there once."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
    path.write_text(text.replace(old, new), encoding="utf-8")
