"""Probes: what the audit reads of a host. One file, one probe; a new file is found by itself.

A file defines `PROBE`: the POSIX-sh command, and the pure function that turns its output into facts. Facts are plain
values (mappings with text keys, lists, text, whole numbers, booleans); None says that the probe looked and the thing is
not there. What a parser does not understand it refuses with `Unreadable`: the probe is then unknown, and no rule that
reads it passes.
"""

import importlib
import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

Tier = Literal["fast", "deep"]
Facts = Mapping[str, Any]


class Unreadable(ValueError):  # noqa: N818 (an outcome: the fact is unknown)
    """The output of a probe is not what the parser knows; the text says where, without quoting secrets."""


@dataclass(frozen=True)
class Probe:
    """One thing to read of a host."""

    command: str
    """POSIX sh, read-only; runs with LC_ALL=C, in ten seconds at most, without standard error."""
    parse: Callable[[str], Facts]
    """Facts from the whole output of a command that ended with 0. Raises Unreadable."""
    tier: Tier = "fast"
    """`fast`: named files and settings. `deep`: walks trees, or asks something slow (a package manager, a board)."""
    needs_root: bool = True
    """False: any account gets the same facts, or unknown ones; never wrong ones."""


@cache
def load() -> Mapping[str, Probe]:
    """All probes by name. Raises TypeError, naming the file, for one that defines no PROBE."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name.startswith("_"):
            continue
        probe = getattr(importlib.import_module(f"{__name__}.{module.name}"), "PROBE", None)
        if not isinstance(probe, Probe):
            raise TypeError(f"{__path__[0]}/{module.name}.py: defines no PROBE")
        found[module.name] = probe
    return found


# What parsers share.


def lines(text: str) -> list[str]:
    """Lines with something in them."""
    return [line for line in text.split("\n") if line.strip()]


def number(text: str, what: str) -> int:
    """A whole number. Raises Unreadable."""
    if not re.fullmatch(r"-?[0-9]{1,20}", text.strip()):
        raise Unreadable(f"{what} is no whole number")
    return int(text)


def pairs(text: str, separator: str | None = None) -> dict[str, str]:
    """`key value` or `key<separator>value` lines; the last one of a key counts. Raises Unreadable for other lines."""
    found = {}
    for line in lines(text):
        key, *rest = line.strip().split(separator, 1)
        if not rest and separator is not None:
            raise Unreadable(f"a line without {separator!r}")
        found[key.strip()] = rest[0].strip() if rest else ""
    return found


def blocks(text: str, mark: str = "== ") -> dict[str, str]:
    """Parts of an output, each behind a line `== NAME`. Raises Unreadable for text before the first, or two of a name."""
    found: dict[str, str] = {}
    name = None
    collected: list[str] = []
    for line in [*text.split("\n"), mark + "end of output"]:
        if line.startswith(mark):
            if name is not None:
                if name in found:
                    raise Unreadable(f"two parts {name!r}")
                found[name] = "\n".join(collected)
            elif any(each.strip() for each in collected):
                raise Unreadable("text before the first part")
            name, collected = line.removeprefix(mark).strip(), []
        else:
            collected.append(line)
    return found


def part(parts: Mapping[str, str], name: str) -> str:
    """One part of `blocks`. Raises Unreadable when it is missing."""
    if name not in parts:
        raise Unreadable(f"has no part {name!r}")
    return parts[name]
