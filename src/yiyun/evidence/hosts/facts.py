"""What one read of a host found, parsed from the framed output of the probe."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from yiyun.evidence.hosts.probe import UNIT_PROPERTIES, Script, Wanted

TYPES = {
    0o10: "fifo",
    0o20: "character device",
    0o40: "directory",
    0o60: "block device",
    0o100: "file",
    0o120: "link",
    0o140: "socket",
}


_MISSING = re.compile(r"stat: cannot statx? '([^']+)': (No such file or directory|Not a directory)")


@dataclass(frozen=True)
class Entry:
    """One path."""

    kind: str
    """`file`, `directory`, `link`, or another of TYPES."""
    mode: int
    uid: int
    gid: int
    changed: float
    """Time of the last change of its content or attributes, seconds since 1970 by the host's clock."""


@dataclass(frozen=True)
class UnitState:
    """One systemd unit."""

    load: str
    active: str
    file: str
    needs_reload: bool
    changed: float
    """When its state last changed, seconds since 1970; 0 never."""
    started: float
    """When its main process was started; 0 never."""


@dataclass(frozen=True)
class Account:
    """One account."""

    uid: int
    gid: int
    comment: str
    home: str
    shell: str


@dataclass(frozen=True)
class GroupEntry:
    """One group."""

    gid: int
    members: frozenset[str]


@dataclass(frozen=True)
class Output:
    """Output of one command."""

    text: str
    status: int


@dataclass(frozen=True)
class HostFacts:
    """All facts of one host. A mapping's missing key, and a mapping that is None, is unknown; a None value: not there."""

    name: str
    problem: str | None = None
    """Why the host could not be read at all, with the remedy; None when it was."""
    root: bool = True
    """False: it was read by an account that may not become root."""
    os_release: str = ""
    os_version: str = ""
    container: str = ""
    paths: Mapping[str, Entry | None] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, UnitState] = field(default_factory=dict)
    packages: Mapping[str, bool] = field(default_factory=dict)
    accounts: Mapping[str, Account | None] = field(default_factory=dict)
    passwords: Mapping[str, str] = field(default_factory=dict)
    """`locked`, `empty` or `set`."""
    groups: Mapping[str, GroupEntry | None] = field(default_factory=dict)
    sysctls: Mapping[str, str | None] = field(default_factory=dict)
    """By path below /proc/sys, white space as single blanks."""
    commands: Mapping[str, Output] = field(default_factory=dict)


def parse(name: str, wanted: Wanted, sent: Script, output: bytes) -> HostFacts:
    """Turn the output of one host into facts; what cannot be understood stays unknown."""
    sections = _sections(sent.token, output)
    identity = sections.get("identity")
    if identity is None or identity.status != 0:
        return HostFacts(name, problem="the host gave no answer that can be read; is its /bin/sh broken?")
    lines = identity.text.split("\n")
    try:
        uid, now, up = int(lines[0]), int(lines[1]) / 1e9, float(lines[2].split()[0])
    except (ValueError, IndexError):
        return HostFacts(name, problem="the host's clock or uptime cannot be read")
    if uid != 0 and wanted.as_root:
        return HostFacts(name, problem="the account that logs in may not become root by sudo without a password")
    return HostFacts(
        name,
        root=uid == 0,
        os_release=_text(sections, "os-release"),
        os_version=_text(sections, "os-version"),
        container=lines[3].strip() if len(lines) > 3 else "",
        paths=_paths(wanted, sections.get("stat")),
        hashes=_hashes(sections.get("hashes")),
        links=_links(sections.get("links")),
        texts={
            path: found.text
            for index, path in enumerate(wanted.texts)
            if (found := sections.get(f"text:{index}")) and found.status == 0
        },
        units=_units(wanted, sections.get("units"), now - up),
        packages=_packages(wanted, sections.get("packages")),
        accounts=_accounts(wanted, sections.get("accounts")),
        passwords=_passwords(sections.get("shadow")),
        groups=_groups(wanted, sections.get("groups")),
        sysctls=_sysctls(wanted, sections.get("sysctls")),
        commands={
            command: found
            for index, command in enumerate(wanted.commands)
            if (found := sections.get(f"command:{index}")) is not None
        },
    )


def _sections(token: str, output: bytes) -> dict[str, Output]:
    """Split the output at its frames. A section without its status line was cut off and is left out."""
    text = "\n" + output.decode("utf-8", "surrogateescape")
    found: dict[str, Output] = {}
    for part in text.split(f"\n{token} begin ")[1:]:
        name, _, rest = part.partition("\n")
        content, _, rest = rest.partition(f"\n{token} status ")
        status, whole, _ = rest.partition("\n")
        if whole and status.isascii() and status.isdigit():
            found.setdefault(name, Output(content, int(status)))
    return found


def _text(sections: Mapping[str, Output], name: str) -> str:
    found = sections.get(name)
    return found.text if found and found.status == 0 else ""


def _paths(wanted: Wanted, found: Output | None) -> dict[str, Entry | None]:
    """Only a path that stat calls missing is missing; any other complaint leaves it unknown."""
    if found is None or found.status != 0:
        return {}
    known, result = set(wanted.paths), dict[str, Entry | None]()
    for line in found.text.split("\n"):
        parts = line.split(" ", 4)
        if len(parts) == 5 and parts[4] in known and re.fullmatch(r"[0-9a-f]+ \d+ \d+ \d+\.\d+", " ".join(parts[:4])):
            mode = int(parts[0], 16)
            kind = TYPES.get(mode >> 9 & 0o170, "unknown")
            result[parts[4]] = Entry(kind, mode & 0o7777, int(parts[1]), int(parts[2]), float(parts[3]))
        elif (missing := _MISSING.fullmatch(line)) and missing[1] in known:
            result[missing[1]] = None
    return result


def _hashes(found: Output | None) -> dict[str, str]:
    if found is None or found.status != 0:
        return {}
    return {
        match[2]: match[1]
        for line in found.text.split("\n")
        if (match := re.fullmatch(r"([0-9a-f]{64}) [ *](/.*)", line))
    }


def _links(found: Output | None) -> dict[str, str]:
    if found is None or found.status != 0:
        return {}
    parts = found.text.split("\0")
    return dict(zip(parts[0:-1:2], parts[1::2], strict=False))


def _units(wanted: Wanted, found: Output | None, boot: float) -> dict[str, UnitState]:
    """One block of properties per unit, in the order asked for."""
    if found is None or found.status != 0:
        return {}
    blocks = [block for block in found.text.strip("\n").split("\n\n") if block.strip()]
    if len(blocks) != len(wanted.units):
        return {}
    result = {}
    for name, block in zip(wanted.units, blocks, strict=True):
        values = dict(line.partition("=")[::2] for line in block.strip().split("\n"))
        if not set(UNIT_PROPERTIES) - {"ExecMainStartTimestampMonotonic"} <= set(values):
            continue
        times = [int(values.get(key) or 0) for key in UNIT_PROPERTIES[-2:] if (values.get(key) or "0").isdigit()]
        if len(times) != 2:
            continue
        changed, started = (boot + time / 1e6 if time else 0.0 for time in times)
        result[name] = UnitState(
            values["LoadState"],
            values["ActiveState"],
            values["UnitFileState"],
            values["NeedDaemonReload"] == "yes",
            changed,
            started,
        )
    return result


def _packages(wanted: Wanted, found: Output | None) -> dict[str, bool]:
    if found is None or found.status != 0:
        return {}
    installed = {line.split()[0] for line in found.text.split("\n") if line.endswith(" installed")}
    return {name: name in installed for name in wanted.packages}


def _accounts(wanted: Wanted, found: Output | None) -> dict[str, Account | None]:
    if found is None or found.status != 0:
        return {}
    result: dict[str, Account | None] = dict.fromkeys(wanted.accounts)
    for line in found.text.split("\n"):
        fields = line.split(":")
        if len(fields) == 7 and fields[0] in result and fields[2].isdigit() and fields[3].isdigit():
            result[fields[0]] = Account(int(fields[2]), int(fields[3]), *fields[4:])
    return result


def _passwords(found: Output | None) -> dict[str, str]:
    if found is None or found.status != 0:
        return {}
    return dict(line.split(":") for line in found.text.split("\n") if line.count(":") == 1)


def _groups(wanted: Wanted, found: Output | None) -> dict[str, GroupEntry | None]:
    if found is None or found.status != 0:
        return {}
    result: dict[str, GroupEntry | None] = dict.fromkeys(wanted.groups)
    for line in found.text.split("\n"):
        fields = line.split(":")
        if len(fields) == 4 and fields[0] in result and fields[2].isdigit():
            result[fields[0]] = GroupEntry(int(fields[2]), frozenset(filter(None, fields[3].split(","))))
    return result


def _sysctls(wanted: Wanted, found: Output | None) -> dict[str, str | None]:
    if found is None or found.status != 0:
        return {}
    result: dict[str, str | None] = dict.fromkeys(wanted.sysctls)
    for line in found.text.split("\n"):
        path, colon, value = line.partition(":")
        if colon and path in result:
            result[path] = " ".join(value.split())
    return result
