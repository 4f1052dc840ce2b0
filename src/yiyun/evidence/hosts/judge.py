"""Compares what a role promises with what a host is. Knows neither SSH nor Ansible."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar

from yiyun.evidence.hosts.facts import Entry, HostFacts, UnitState
from yiyun.evidence.hosts.probes.units import STARTS_AT_BOOT
from yiyun.evidence.hosts.promises import (
    Account,
    Directory,
    Effective,
    File,
    Group,
    Line,
    Link,
    Promises,
    Sysctls,
    Unit,
    sysctl_path,
)
from yiyun.evidence.hosts.roles import RolePromises

AT_WORK = ("active", "reloading")
AT_REST = ("inactive", "failed")
CLOCK_SLACK_SECONDS = 0.02
"""The uptime that ties unit times to file times has hundredths of a second."""

_T = TypeVar("_T")
State = Literal["kept", "broken", "unknown", "not-proven"]


@dataclass(frozen=True)
class Verdict:
    """One promise, judged."""

    subject: str
    """Kind and name: `file /etc/x`, `unit ssh.service`."""
    state: State
    reason: str = ""
    """Why it is broken or unknown, or what the host lacks."""


class _Unknown(Exception):  # noqa: N818  # not an error: a verdict on its way
    """The facts do not say; the text names what is missing."""


def judge(role: RolePromises, facts: HostFacts, lacks: Sequence[str]) -> list[Verdict]:
    """One verdict per promise of the role that is made to this host."""
    if facts.problem is not None:
        return [Verdict("host", "unknown", facts.problem)]
    return list(_Judge(role, facts, lacks).verdicts())


class _Judge:
    def __init__(self, role: RolePromises, facts: HostFacts, lacks: Sequence[str]) -> None:
        self.role, self.facts, self.lacks = role, facts, lacks

    def verdicts(self) -> Iterator[Verdict]:
        promises = self.role.promises
        for name in promises.absent_packages:
            yield self.one(f"package {name}", None, partial(self.package, name, wanted=False))
        for name in promises.packages:
            yield self.one(f"package {name}", None, partial(self.package, name, wanted=True))
        for name in promises.absent_accounts:
            yield self.one(f"account {name}", None, partial(self.no_account, name))
        for path in promises.absent_files:
            yield self.one(f"file {path}", None, partial(self.no_file, path))
        for subject, item, test in self.items(promises):
            if item.when:
                yield self.one(subject, item.needs, test)

    def items(self, promises: Promises) -> Iterator[tuple[str, "_Item", Callable[[], str]]]:
        """Subject, promise and test of every entry that is a mapping."""
        for group in promises.groups:
            yield f"group {group.name}", group, partial(self.group, group)
        for account in promises.accounts:
            yield f"account {account.name}", account, partial(self.account, account)
        for directory in promises.directories:
            yield f"directory {directory.path}", directory, partial(self.owned, directory, "directory")
        for file in promises.files:
            yield f"file {file.path}", file, partial(self.file, file)
        for link in promises.links:
            yield f"link {link.path}", link, partial(self.link, link)
        for line in promises.lines:
            yield f"line in {line.path}: {line.line}", line, partial(self.line, line)
        for sysctls in promises.sysctls:
            for key, value in sysctls.settings.items():
                yield f"sysctl {key}", sysctls, partial(self.sysctl, key, value)
        for unit in promises.units:
            yield f"unit {unit.name}", unit, partial(self.unit, unit)
        for effective in promises.effective:
            yield f"command {effective.command}", effective, partial(self.effective, effective)

    def one(self, subject: str, needs: str | None, test: Callable[[], str]) -> Verdict:
        if needs is not None and needs in self.lacks:
            return Verdict(subject, "not-proven", f"this host lacks {needs}")
        try:
            reason = test()
        except _Unknown as unknown:
            return Verdict(subject, "unknown", str(unknown))
        return Verdict(subject, "broken", reason) if reason else Verdict(subject, "kept")

    # Each test returns why the promise is broken, empty text when it is kept.

    def package(self, name: str, *, wanted: bool) -> str:
        installed = _known(self.facts.packages, name, "the package database cannot be read")
        if installed == wanted:
            return ""
        return "is not installed" if wanted else "is installed"

    def path(self, path: str) -> Entry | None:
        return _known(self.facts.paths, path, f"{path} cannot be looked at")

    def no_file(self, path: str) -> str:
        return "exists" if self.path(path) else ""

    def owned(self, item: File | Directory, kind: str) -> str:
        entry = self.path(item.path)
        if entry is None:
            return "is missing"
        if entry.kind != kind:
            return f"is a {entry.kind}"
        owner = _known(self.facts.accounts, item.owner, "accounts cannot be read")
        group = _known(self.facts.groups, item.group, "groups cannot be read")
        if owner is None:
            return f"owner {item.owner} does not exist"
        if group is None:
            return f"group {item.group} does not exist"
        wrong = []
        if entry.uid != owner.uid:
            wrong.append(f"owner is {entry.uid}, not {item.owner}")
        if entry.gid != group.gid:
            wrong.append(f"group is {entry.gid}, not {item.group}")
        if entry.mode != int(item.mode, 8):
            wrong.append(f"mode is {entry.mode:04o}, not {item.mode}")
        return "; ".join(wrong)

    def file(self, file: File) -> str:
        reason = self.owned(file, "file")
        content = self.role.contents.get(file.path)
        if content is None or reason == "is missing" or reason.startswith("is a "):
            return reason
        found = self.facts.hashes.get(file.path)
        if found is None:
            raise _Unknown(f"{file.path} cannot be read")
        if found != hashlib.sha256(content.encode("utf-8", "surrogateescape")).hexdigest():
            return "; ".join(filter(None, ["content differs", reason]))
        return reason

    def link(self, link: Link) -> str:
        entry = self.path(link.path)
        if entry is None:
            return "is missing"
        if entry.kind != "link":
            return f"is a {entry.kind}"
        target = _known(self.facts.links, link.path, f"{link.path} cannot be read")
        return "" if target == link.target else f"points to {target!r:.100}"

    def line(self, line: Line) -> str:
        lines = _known(self.facts.texts, line.path, f"{line.path} cannot be read").split("\n")
        if lines.count(line.line) == 0:
            return "is missing"
        others = [found for found in lines if found != line.line and re.search(line.match, found)]
        if others:
            return f"beside it stands {others[0]!r:.100}"
        return "" if lines.count(line.line) == 1 else "is there more than once"

    def sysctl(self, key: str, value: str) -> str:
        found = _known(self.facts.sysctls, sysctl_path(key), "kernel settings cannot be read")
        if found is None:
            return "does not exist"
        return "" if found == " ".join(value.split()) else f"is {found!r:.60}, not {value}"

    def group(self, group: Group) -> str:
        found = _known(self.facts.groups, group.name, "groups cannot be read")
        if found is None:
            return "is missing"
        return "" if group.gid in (None, found.gid) else f"gid is {found.gid}, not {group.gid}"

    def no_account(self, name: str) -> str:
        return "exists" if _known(self.facts.accounts, name, "accounts cannot be read") else ""

    def account(self, account: Account) -> str:
        found = _known(self.facts.accounts, account.name, "accounts cannot be read")
        if found is None:
            return "is missing"
        wrong = []
        for name, wanted, real in (
            ("uid", account.uid, found.uid),
            ("home", account.home, found.home),
            ("shell", account.shell, found.shell),
            ("comment", account.comment, found.comment),
        ):
            if wanted is not None and wanted != real:
                wrong.append(f"{name} is {real!r:.60}, not {wanted}")
        if account.group is not None:
            group = _known(self.facts.groups, account.group, "groups cannot be read")
            if group is None or group.gid != found.gid:
                wrong.append(f"primary group is {found.gid}, not {account.group}")
        for name in account.groups:
            group = _known(self.facts.groups, name, "groups cannot be read")
            if group is None or (account.name not in group.members and group.gid != found.gid):
                wrong.append(f"is not in group {name}")
        if account.locked is not None:
            password = _known(self.facts.passwords, account.name, "the shadow file cannot be read")
            if (password == "locked") != account.locked:  # noqa: S105  # a word, no password
                wrong.append(f"password is {password}")
        return "; ".join(wrong)

    def unit(self, unit: Unit) -> str:
        found = _known(self.facts.units, unit.name, "systemd cannot be asked")
        if unit.masked:
            if found.load == "not-found" or (found.load == "masked" and found.active in AT_REST):
                return ""
            return "is not masked" if found.load != "masked" else f"is masked and still {found.active}"
        wrong = []
        if found.needs_reload:
            wrong.append("its unit file has changed since systemd read it")
        if unit.enabled and found.file not in STARTS_AT_BOOT:
            wrong.append("does not exist" if found.load == "not-found" else f"is {found.file or 'not enabled'}")
        if unit.enabled is False and found.file in ("enabled", "enabled-runtime"):
            wrong.append("is enabled")
        if unit.active and found.active not in AT_WORK:
            wrong.append(f"is {found.active}")
        if unit.active is False and found.active not in AT_REST:
            wrong.append(f"is {found.active}")
        if found.active in AT_WORK:
            stale = self.stale(unit, found)
            if stale:
                wrong.append(f"{stale} has changed since it read it")
        return "; ".join(wrong)

    def stale(self, unit: Unit, found: UnitState) -> str | None:
        """First of its files that changed after the unit last read them; roles/keep/files/units.sh does the same."""
        read_at = found.started if unit.on_change == "restart" and found.started else found.changed
        for path in unit.reads:
            entry = self.path(path)
            if entry is not None and entry.changed > read_at + CLOCK_SLACK_SECONDS:
                return path
        return None

    def effective(self, effective: Effective) -> str:
        found = _known(self.facts.commands, effective.command, "gave no answer in time, or too long a one")
        if found.status != effective.status:
            raise _Unknown(f"ended with status {found.status}, not {effective.status}")
        text = found.text.strip()
        if effective.line is not None:
            present = effective.line.strip() in (line.strip() for line in text.split("\n"))
            return "" if present else f"has no line {effective.line!r:.100}"
        if effective.matches is not None:
            return (
                "" if re.search(effective.matches, text, re.MULTILINE) else f"does not match {effective.matches!r:.100}"
            )
        if effective.lacks is not None:
            hit = re.search(effective.lacks, text, re.MULTILINE)
            return f"has {hit.group()!r:.100}" if hit else ""
        value, what = text, "says"
        if effective.key is not None:
            what = effective.key + " is"
            value = _value_of(effective.key, text)
        if effective.equals is not None:
            return "" if value == effective.equals.strip() else f"{what} {value!r:.100}, not {effective.equals!r:.100}"
        try:
            number = float(value)
        except ValueError:
            raise _Unknown(f"{what} {value!r:.60}, which is not a number") from None
        if effective.at_least is not None and number < effective.at_least:
            return f"{what} {value}, less than {effective.at_least:g}"
        if effective.at_most is not None and number > effective.at_most:
            return f"{what} {value}, more than {effective.at_most:g}"
        return ""


_Item = Group | Account | Directory | File | Link | Line | Sysctls | Unit | Effective


def _value_of(key: str, text: str) -> str:
    """Rest of the first line that begins with `key`, however it is separated. Raises _Unknown when there is none."""
    for line in text.split("\n"):
        match = re.match(r"\s*([^\s=:]+)\s*[=:]?\s*(.*)", line)
        if match and match[1].lower() == key.lower():
            return match[2].strip()
    raise _Unknown(f"says nothing about {key}")


def _known(facts: Mapping[str, _T], key: str, complaint: str) -> _T:
    if key not in facts:
        raise _Unknown(complaint)
    return facts[key]


def count(verdicts: Iterable[Verdict], state: State) -> int:
    """How many verdicts are of one state."""
    return sum(verdict.state == state for verdict in verdicts)
