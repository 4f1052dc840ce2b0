"""Copies of the shipped sites to break, and the refusals that follow."""

import re
import shutil
from pathlib import Path

import pytest

from yiyun.errors import SiteError
from yiyun.paths import CHECKOUT
from yiyun.site import Site

INVENTORIES = CHECKOUT / "inventories"


class Copy:
    """A copy of a shipped site."""

    def __init__(self, directory: Path, name: str = "lab") -> None:
        self.path = directory / name
        shutil.copytree(INVENTORIES / name, self.path)

    def edit(self, file: str, old: str, new: str, count: int = 1) -> "Copy":
        """Replace the first `count` places of `old`; the text must be there."""
        path = self.path / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new, count), encoding="utf-8")
        return self

    def refused(self) -> SiteError:
        """Load the copy and return its refusal."""
        with pytest.raises(SiteError) as caught:
            Site.load(self.path)
        check_place(str(caught.value))
        return caught.value

    def line_of(self, file: str, text: str) -> int:
        """Number of the first line that contains `text`."""
        lines = (self.path / file).read_text(encoding="utf-8").splitlines()
        return next(number for number, line in enumerate(lines, 1) if text in line)


def check_place(text: str) -> None:
    """Every line of a refusal begins with a file and a line that exist."""
    for problem in text.splitlines():
        if problem.startswith("... and "):
            continue
        match = re.match(r"(.+?):(\d+): \S", problem)
        assert match, f"no file:line at the start of {problem!r}"
        path, line = Path(match[1]), int(match[2])
        assert path.exists(), f"{path} of {problem!r} does not exist"
        if path.is_file():
            lines = len(path.read_bytes().decode("utf-8", "replace").splitlines())
            assert 1 <= line <= max(1, lines), f"{problem!r} names a line behind the end ({lines})"
