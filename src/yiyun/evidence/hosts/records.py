"""What an audit read of a host, as it was said: kept in a directory, judged at once or years later.

<dir>/<host>/host.json      who, when, what kind of machine; status and sha256 of every section
<dir>/<host>/<probe>.txt    output of one probe, byte for byte
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yiyun import files
from yiyun.errors import UserError
from yiyun.evidence import saved_objects
from yiyun.evidence.hosts.facts import HostFacts, Output
from yiyun.evidence.hosts.probes import Probe, Unreadable
from yiyun.evidence.unknown import UnknownValue

SCHEMA = "yiyun.host-evidence/1"
FILE = "host.json"
TIMED_OUT = (124, 137)
"""What timeout(1) ends with."""


@dataclass(frozen=True)
class HostRecord:
    """One read of one host."""

    name: str
    taken: str
    """When, ISO 8601 in UTC."""
    problem: str | None = None
    """Why it could not be read at all; None when it was."""
    os_release: str = ""
    os_version: str = ""
    container: str = ""
    sections: Mapping[str, Output] = field(default_factory=dict)
    """By probe; one that was cut off, or has changed since it was saved, is missing."""
    altered: tuple[str, ...] = ()
    """Probes whose file is not the one that was saved."""
    root: bool = True
    """False: it was read by an account that may not become root."""


def record(found: HostFacts, probes: Mapping[str, Probe], taken: str) -> HostRecord:
    """Keep what the collector brought of these probes."""
    sections = {
        name: found.commands[probe.command] for name, probe in probes.items() if probe.command in found.commands
    }
    return HostRecord(
        found.name,
        taken,
        found.problem,
        found.os_release,
        found.os_version,
        found.container,
        sections,
        root=found.root,
    )


def facts(kept: HostRecord, probes: Mapping[str, Probe]) -> dict[str, Any]:
    """Facts by probe; an UnknownValue that says why where there are none."""
    return {name: _facts(kept, name, probe) for name, probe in probes.items()}


def _facts(kept: HostRecord, name: str, probe: Probe) -> Mapping[str, Any] | UnknownValue:
    if name in kept.altered:
        return UnknownValue("the saved output has been altered")
    if probe.needs_root and not kept.root:
        return UnknownValue("is read by root only, and the account that logs in may not become root by sudo")
    section = kept.sections.get(name)
    if section is None:
        return UnknownValue("was not read, or its output was cut off")
    if section.status in TIMED_OUT:
        return UnknownValue("gave no answer in time")
    if section.status != 0:
        return UnknownValue(f"ended with status {section.status}")
    try:
        return probe.parse(section.text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
    except Unreadable as error:
        return UnknownValue(f"cannot be understood: {error}")
    except Exception as error:  # a parser's mistake must not end the audit of other hosts
        return UnknownValue(f"cannot be understood: {type(error).__name__}")


def save(directory: Path, kept: HostRecord) -> None:
    """Write one host's record below `directory`, which must not hold one of this host."""
    home = directory / kept.name
    files.make_dir(home)
    sections = {}
    for name, output in kept.sections.items():
        content = output.text.encode("utf-8", "surrogateescape")
        (home / f"{name}.txt").write_bytes(content)
        sections[name] = {"status": output.status, "sha256": hashlib.sha256(content).hexdigest()}
    about = {
        "schema": SCHEMA,
        "host": kept.name,
        "taken": kept.taken,
        "problem": kept.problem,
        "root": kept.root,
        "container": kept.container,
        "os_release": kept.os_release,
        "os_version": kept.os_version,
        "sections": sections,
    }
    files.write_json(home / FILE, about)


class Saved:
    """All records below a directory, in order of name. One at a time is in memory, each time they are gone through."""

    def __init__(self, directory: Path) -> None:
        """Raises UserError where there is none."""
        self._homes = sorted(path.parent for path in directory.glob(f"*/{FILE}"))
        if not self._homes:
            raise UserError(f"{directory}: holds no evidence of hosts (<host>/{FILE})")

    def __iter__(self) -> Iterator[HostRecord]:
        """Raises UserError, naming the file, for what is no record."""
        return (load_one(home) for home in self._homes)

    @property
    def names(self) -> list[str]:
        """Names of the hosts."""
        return [home.name for home in self._homes]

    @property
    def taken(self) -> str:
        """When the last one was read. Raises UserError, naming the file, for what is no record."""
        return max(str(_about(home)["taken"]) for home in self._homes)


def load_one(home: Path) -> HostRecord:
    """Read the record of one host. Raises UserError, naming the file, for what is none."""
    about = _about(home)
    try:
        sections, altered = _sections(home, about["sections"])
        return HostRecord(
            about["host"],
            about["taken"],
            about["problem"],
            about["os_release"],
            about["os_version"],
            about["container"],
            sections,
            altered,
            about.get("root", True) is True,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{home / FILE}:1: is not the record of a host: {type(error).__name__}: {error}") from None


def _about(home: Path) -> dict[str, Any]:
    path = home / FILE
    about = saved_objects.index(path, SCHEMA)
    if about.get("host") != home.name:
        raise UserError(f"{path}:1: is the record of {about.get('host')!r}, and lies in the directory of another host")
    if not isinstance(about.get("taken"), str):
        raise UserError(f"{path}:1: does not say when the host was read")
    return about


def _sections(home: Path, listed: Mapping[str, Any]) -> tuple[dict[str, Output], tuple[str, ...]]:
    sections, altered = {}, []
    for name, about in listed.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise ValueError(f"no probe is named {name!r}")
        path = home / f"{name}.txt"
        content = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(content).hexdigest() != about["sha256"]:
            altered.append(name)
        else:
            sections[name] = Output(content.decode("utf-8", "surrogateescape"), int(about["status"]))
    return sections, tuple(altered)
