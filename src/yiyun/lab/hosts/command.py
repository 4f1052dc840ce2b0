"""Running programs: what failed is named with its last words."""

import subprocess
from collections.abc import Sequence

from yiyun.errors import UserError

LAST_LINES = 6


def run(command: Sequence[str], stdin: str | None = None, seconds: float = 120) -> str:
    """Run a program and return its stdout. Raises UserError with the end of its stderr when it fails."""
    try:
        done = subprocess.run(
            list(command),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except FileNotFoundError:
        raise UserError(f"{command[0]} is missing on this machine: install the package that has it") from None
    except subprocess.TimeoutExpired:
        raise UserError(f"{shown(command)}: no end after {seconds:.0f} s") from None
    if done.returncode != 0:
        words = "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-LAST_LINES:])
        raise UserError(f"{shown(command)}: exit {done.returncode}\n{words}")
    return done.stdout


def shown(command: Sequence[str]) -> str:
    """A command for people, shortened."""
    text = " ".join(command)
    return text if len(text) <= 160 else f"{text[:157]}..."
