"""What helm says when it cannot render a chart, as one line with the file and line that it means."""

import re
from typing import NamedTuple

from yiyun.evidence.charts.bounded import Ended
from yiyun.evidence.charts.chart import Chart
from yiyun.printable import printable

LONGEST = 500
"""Characters of helm's words that are shown: of longer ones the beginning and, where the cause stands, the end."""
_HEAD = 120

_POSITION = re.compile(r"(?P<file>[^\s:()<>\"]+/[^\s:()<>\"]+):(?P<line>\d+)")
_FILE = re.compile(r"(?:parse error on|cannot load) (?P<file>[^\s:]+): .*?(?:yaml: line (?P<line>\d+)|$)")
_NOT_HELPFUL = "Use --debug flag to render out invalid YAML"
LIBRARY = "library charts are not installable"


class Refusal(NamedTuple):
    """Why a chart cannot be rendered."""

    file: str
    line: int
    reason: str


def refusal(chart: Chart, ended: Ended, memory: int) -> Refusal:
    """The refusal that a helm which did not succeed stands for. `memory`: the bound it ran with, in bytes."""
    text = ended.stderr.decode("utf-8", "replace")
    if ended.stopped:
        return Refusal(chart.file, 1, f"helm {ended.stopped}")
    if "out of memory" in text or "cannot allocate memory" in text:
        return Refusal(chart.file, 1, f"helm wanted more than {memory >> 20} MiB of memory")
    said = _said(text) or (f"exit code {ended.code}" if ended.code >= 0 else f"ended by signal {-ended.code}")
    file, line = _place(chart, said)
    return Refusal(file, line, f"helm: {_short(printable(said))}")


def _said(text: str) -> str:
    """Helm's error in one line, without warnings before it."""
    _, found, error = text.partition("Error: ")
    lines = [line.strip() for line in (error if found else text).replace(_NOT_HELPFUL, "").splitlines()]
    return " ".join(line for line in lines if line)


def _place(chart: Chart, said: str) -> tuple[str, int]:
    """File and line of the innermost template that helm names; else the chart itself."""
    positions = list(_POSITION.finditer(said))
    for found in reversed(positions):
        file = chart.file_of(found["file"])
        if file != chart.file:
            return file, int(found["line"])
    named = _FILE.search(said)
    if named is None:
        return chart.file, 1
    if "/" in named["file"]:
        return chart.file_of(named["file"]), 1  # its line is counted in what it rendered to, which nobody can open
    return chart.file_of(f"{chart.name}/{named['file']}"), int(named["line"] or 1)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:_HEAD]} ... {text[_HEAD - LONGEST :]}"
