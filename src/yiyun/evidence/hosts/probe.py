"""The one script that reads a host: POSIX sh, read-only, bounded in time and output.

Every section of its output stands between two lines with a random token that the host cannot know beforehand, so that
hostile content can spoil its own section only. A section that is cut off, timed out or missing is `unknown`; nothing is
ever taken for kept because it could not be read.
"""

import secrets
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from yiyun.evidence.hosts.promises import Directory, File, Promises, sysctl_path

SECTION_SECONDS = 10
SCRIPT_SECONDS = 60
MAX_SECTION_BYTES = 256 * 1024
MAX_HASHED_KIB = 32 * 1024
"""Larger files are not hashed: no promised content is that long."""
REMOTE_COMMAND = 'if [ "$(id -u)" = 0 ]; then exec /bin/sh -s; else exec sudo -n /bin/sh -s; fi'
"""What SSH starts; the script comes on its standard input, so that no process list shows its token."""
REMOTE_COMMAND_AS_MAY_BE = """\
if [ "$(id -u)" = 0 ]; then exec /bin/sh -s; fi
sudo -n /bin/sh -c '/bin/sh -s; exit 0' || exec /bin/sh -s"""
"""The same, for an account that may not become root: then it reads what it may.

A sudo that refuses leaves the script unread. One that does not ends with 0, so that nothing is ever read twice.
"""


@dataclass(frozen=True)
class Wanted:
    """What to read of one host, in a fixed order."""

    paths: tuple[str, ...] = ()
    hashed: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    sysctls: tuple[str, ...] = ()
    """Paths below /proc/sys."""
    commands: tuple[str, ...] = ()
    as_root: bool = True
    """False: an account that may not become root reads what it may; the facts say so."""


@dataclass
class _Union:
    """Collects the union of many promises; dicts keep the order."""

    parts: dict[str, dict[str, None]] = field(default_factory=dict)

    def add(self, part: str, values: Iterable[str]) -> None:
        self.parts.setdefault(part, {}).update(dict.fromkeys(values))

    def wanted(self) -> Wanted:
        parts: dict[str, Any] = {part: tuple(values) for part, values in self.parts.items()}
        return Wanted(**parts)


def union(promises: Iterable[Promises]) -> Wanted:
    """What must be read to judge all `promises`. Entries that are not promised on this host are left out."""
    found = _Union()
    for each in promises:
        files = [file for file in each.files if file.when]
        directories = [directory for directory in each.directories if directory.when]
        links = [link for link in each.links if link.when]
        lines = [line for line in each.lines if line.when]
        units = [unit for unit in each.units if unit.when]
        accounts = [account for account in each.accounts if account.when]
        groups = [group for group in each.groups if group.when]
        owned: list[File | Directory] = [*files, *directories]
        found.add("paths", (item.path for item in owned))
        found.add("paths", (link.path for link in links))
        found.add("paths", each.absent_files)
        found.add("paths", (path for unit in units for path in unit.reads))
        found.add("hashed", (file.path for file in files if file.template is not None or file.content is not None))
        found.add("links", (link.path for link in links))
        found.add("texts", (line.path for line in lines))
        found.add("units", (unit.name for unit in units))
        found.add("packages", (*each.packages, *each.absent_packages))
        found.add("accounts", (*(account.name for account in accounts), *each.absent_accounts))
        found.add("accounts", (item.owner for item in owned))
        found.add("groups", (item.group for item in owned))
        found.add("groups", (group.name for group in groups))
        for account in accounts:
            found.add("groups", (*([account.group] if account.group else []), *account.groups))
        found.add("sysctls", (sysctl_path(key) for item in each.sysctls if item.when for key in item.settings))
        found.add("commands", (item.command for item in each.effective if item.when))
    return found.wanted()


@dataclass(frozen=True)
class Script:
    """A probe script and the token of its frames."""

    text: str
    token: str


def script(wanted: Wanted, token: str | None = None) -> Script:
    """Build the script that reads `wanted`.

    Two halves of the sections run side by side. Each half's output is held back until the half is done: none waits for
    the other, they are not mixed, and SSH sends a few large packets instead of a hundred small ones.
    """
    token = token or secrets.token_hex(16)
    lines = [_HEAD.replace("TOKEN", token).replace("LIMIT", str(MAX_SECTION_BYTES))]
    sections: dict[str, str] = {
        "identity": "id -u; date +%s%N; cat /proc/uptime; cat /run/systemd/container 2>/dev/null || true",
        "os-release": "cat /etc/os-release",
        "os-version": "if [ -e /etc/os-version ]; then cat /etc/os-version; fi",
        **_files(wanted),
        **_systemd(wanted),
        **_packages(wanted),
        **_accounts(wanted),
    }
    if wanted.sysctls:
        sections["sysctls"] = f"grep -sH '' -- /dev/null {_words(wanted.sysctls)}; [ $? -le 2 ]"
    sections |= {f"text:{index}": f"cat -- {shlex.quote(path)}" for index, path in enumerate(wanted.texts)}
    sections |= {f"command:{index}": command for index, command in enumerate(wanted.commands)}
    calls = [f"s {name} {shlex.quote(command)}" for name, command in sections.items()]
    held = f"dd ibs=64k obs={MAX_SECTION_BYTES * len(calls)} 2>/dev/null"
    lines += ["{", *calls[::2], f"}} | {held} | {{ {{", *calls[1::2], f"}} | {held}", "cat; }"]
    lines.append("printf '%s end\\n' \"$T\"")
    return Script("\n".join(lines) + "\n", token)


_HEAD = f"""\
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export PATH
LC_ALL=C; export LC_ALL
unset ENV BASH_ENV CDPATH
umask 077
cd / || exit 1
T=TOKEN
s() {{
  printf '%s begin %s\\n' "$T" "$1"
  {{ timeout -k 1 {SECTION_SECONDS} /bin/sh -c "$2" </dev/null 2>/dev/null; printf '\\n%s status %s\\n' "$T" "$?"; }} | head -c LIMIT
  printf '\\n'
}}"""


def _words(values: Iterable[str]) -> str:
    return " ".join(shlex.quote(value) for value in values)


def _files(wanted: Wanted) -> Mapping[str, str]:
    sections = {}
    if wanted.paths:
        sections["stat"] = f"stat -c '%f %u %g %.9Z %n' -- {_words(wanted.paths)} 2>&1; true"
    if wanted.hashed:
        sections["hashes"] = (
            f"find {_words(wanted.hashed)} -maxdepth 0 -type f -size -{MAX_HASHED_KIB}k -exec sha256sum -- {{}} +; true"
        )
    if wanted.links:
        sections["links"] = f"find {_words(wanted.links)} -maxdepth 0 -type l -printf '%p\\0%l\\0'; true"
    return sections


def _systemd(wanted: Wanted) -> Mapping[str, str]:
    if not wanted.units:
        return {}
    properties = ",".join(UNIT_PROPERTIES)
    return {"units": f"systemctl show -p {properties} -- {_words(wanted.units)}"}


UNIT_PROPERTIES = (
    "LoadState",
    "ActiveState",
    "UnitFileState",
    "NeedDaemonReload",
    "StateChangeTimestampMonotonic",
    "ExecMainStartTimestampMonotonic",
)


def _packages(wanted: Wanted) -> Mapping[str, str]:
    if not wanted.packages:
        return {}
    names = _words(wanted.packages)
    deb = f"dpkg-query --show --showformat='${{Package}} ${{db:Status-Status}}\\n' -- {names}; [ $? -le 1 ]"
    rpm = f"rpm --query --queryformat '%{{NAME}} installed\\n' -- {names}; true"
    return {
        "packages": (
            f"if command -v dpkg-query >/dev/null; then {deb}; elif command -v rpm >/dev/null; then {rpm}; else exit 3; fi"
        )
    }


def _accounts(wanted: Wanted) -> Mapping[str, str]:
    sections = {}
    if wanted.accounts:
        names = _words(wanted.accounts)
        sections["accounts"] = f"getent passwd {names}; case $? in 0|2) ;; *) exit 1 ;; esac"
        # Of the password only its kind leaves the host.
        kind = '{ print $1 ":" ($2 == "" ? "empty" : $2 ~ /^[!*]/ ? "locked" : "set") }'
        sections["shadow"] = f"getent shadow {names} | awk -F: {shlex.quote(kind)}"
    if wanted.groups:
        sections["groups"] = f"getent group {_words(wanted.groups)}; case $? in 0|2) ;; *) exit 1 ;; esac"
    return sections
