"""Reads hosts.yaml as Ansible does: groups, ranges, group_vars/ and host_vars/, variable precedence.

What Ansible would only warn about (an unknown key of a group, a name used for a host and a group) is refused here:
a site that is half understood is worse than none. Variable precedence, lowest first: `all` in the file, groups in
the file, group_vars/all, group_vars of groups, host in the file, host_vars. Groups are merged by depth, then
`ansible_group_priority`, then name (Ansible's documentation, "How variables are merged").
"""

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yiyun.errors import SiteError
from yiyun.site import document
from yiyun.site.document import Entry, Node
from yiyun.site.spelling import meant

MAX_HOSTS = 10_000
MAX_VARS_DEPTH = 8
SECTIONS = ("vars", "children", "hosts")
SECTION_NAMES = "vars, children or hosts"
EXTENSIONS = ("", ".yml", ".yaml", ".json")

_GROUP_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_HOST_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?")
_RANGE = re.compile(r"\[([0-9]*|[A-Za-z]):([0-9]+|[A-Za-z])(?::([0-9]+))?\]")


@dataclass(slots=True)
class Group:
    """One group of the inventory."""

    name: str
    where: str
    """Place where it is first named, as `file:line`."""
    hosts: dict[str, None] = field(default_factory=dict)
    """Names of its direct members, in order."""
    children: dict[str, None] = field(default_factory=dict)
    variables: dict[str, Entry] = field(default_factory=dict)
    """In-file variables."""
    priority: int = 1


@dataclass(slots=True)
class InventoryHost:
    """One host of the inventory with its merged variables."""

    name: str
    where: str
    """Place where it is first named, as `file:line`."""
    own: dict[str, Entry] = field(default_factory=dict)
    """In-file host variables."""
    groups: frozenset[str] = frozenset()
    """All groups that it is in, through children too, without `all`."""
    variables: dict[str, Entry] = field(default_factory=dict)
    """All variables after merging."""


@dataclass(frozen=True)
class Inventory:
    """A parsed hosts.yaml with the variable files beside it."""

    file: str
    hosts: dict[str, InventoryHost]
    groups: dict[str, Group]

    def values(self, host: str) -> dict[str, Any]:
        """Merged variables of a host as plain Python values."""
        return {name: document.plain(entry.node) for name, entry in self.hosts[host].variables.items()}


def read(path: Path) -> Inventory:
    """Read hosts.yaml. Raises SiteError (text begins with `file:line`) for what Ansible or Site cannot use."""
    root = document.read(path)
    if not isinstance(root.value, dict) or not root.value:
        raise SiteError(f"{root.where}: write groups here, for example  all: {{children: {{control: {{hosts: ...}}}}}}")
    if "plugin" in root.value:
        raise SiteError(f"{root.value['plugin'].where}: an inventory plugin; write a plain YAML inventory")
    reader = _Reader(root.file)
    for name, entry in root.value.items():
        reader.group(name, entry)
    if not reader.hosts:
        raise SiteError(f"{root.where}: no group has hosts; write at least one host")
    reader.reconcile()
    files = _VarsFiles(path.parent)
    _merge(reader, files)
    return Inventory(root.file, reader.hosts, reader.groups)


class _Reader:
    """Collects groups and hosts in the order in which Ansible meets them."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.hosts: dict[str, InventoryHost] = {}
        self.groups = {name: Group(name, f"{file}:1") for name in ("all", "ungrouped")}
        self.groups["all"].children["ungrouped"] = None

    def group(self, name: Any, entry: Entry) -> None:
        """Read one group definition and everything below it."""
        if not isinstance(name, str) or not _GROUP_NAME.fullmatch(name):
            raise SiteError(f"{entry.where}: {name!r} is not a group name; write letters, digits and underscores")
        if name in self.hosts:
            raise SiteError(f"{entry.where}: {name} is a host ({self.hosts[name].where}); give the group another name")
        group = self.groups.setdefault(name, Group(name, entry.where))
        for section, content in self.mapping(entry, f"group {name}").items():
            if section not in SECTIONS:
                hint = meant(section, SECTIONS)
                raise SiteError(f"{content.where}: group {name} has no key {section!r}{hint}; write {SECTION_NAMES}")
            if section == "vars":
                self.group_variables(group, content)
            elif section == "children":
                self.children(group, content)
            else:
                self.members(group, content)

    def mapping(self, entry: Entry, what: str) -> dict[Any, Entry]:
        """Content of a group, a section or a host: a mapping, nothing, or (sections only) one name."""
        value = entry.node.value
        if value is None:
            return {}
        if isinstance(value, str) and what.startswith(SECTIONS):
            return {value: Entry(entry.line, Node(entry.node.file, entry.node.line, None))}
        if not isinstance(value, dict):
            raise SiteError(f"{entry.where}: {what} is {_kind(value)}; write a mapping, one `key:` a line")
        return value

    def variables(self, entry: Entry, what: str) -> Iterator[tuple[str, Entry]]:
        for name, variable in self.mapping(entry, what).items():
            if not isinstance(name, str):
                raise SiteError(f"{variable.where}: variable name {name!r} is not text; quote it")
            yield name, variable

    def group_variables(self, group: Group, entry: Entry) -> None:
        for name, variable in self.variables(entry, f"vars of {group.name}"):
            if name == "ansible_group_priority":
                group.priority = _whole_number(variable)
            else:
                group.variables[name] = variable

    def children(self, group: Group, entry: Entry) -> None:
        for name, child in self.mapping(entry, f"children of {group.name}").items():
            if name == "all" or (name == "ungrouped" and group.name != "all") or group.name == "ungrouped":
                raise SiteError(f"{child.where}: {name} cannot be a child of {group.name}")
            if isinstance(name, str) and group.name in self.descendants(name):
                raise SiteError(f"{child.where}: {name} contains {group.name}: groups would contain each other")
            group.children[name] = None
            self.group(name, child)

    def descendants(self, name: str) -> set[str]:
        """The group itself and all groups below it."""
        seen: set[str] = set()
        queue = [name]
        while queue:
            current = queue.pop()
            if current not in seen and current in self.groups:
                seen.add(current)
                queue += self.groups[current].children
        return seen or {name}

    def members(self, group: Group, entry: Entry) -> None:
        for pattern, content in self.mapping(entry, f"hosts of {group.name}").items():
            names = expand(pattern, content.where)
            own = dict(self.variables(content, f"host {pattern}"))
            for name in names:
                if name in self.groups:
                    raise SiteError(f"{content.where}: {name} is a group too; give the host another name")
                host = self.hosts.setdefault(name, InventoryHost(name, content.where))
                host.own |= own
                group.hosts[name] = None
            if len(self.hosts) > MAX_HOSTS:
                raise SiteError(f"{content.where}: more than {MAX_HOSTS} hosts")

    def reconcile(self) -> None:
        """Put groups without a parent under `all`; keep in `ungrouped` exactly the hosts in no other group."""
        with_parent = {child for group in self.groups.values() for child in group.children}
        for name in self.groups:
            if name != "all" and name not in with_parent:
                self.groups["all"].children[name] = None
        containing = self.ancestors()
        for host in self.hosts.values():
            direct = [group.name for group in self.groups.values() if host.name in group.hosts]
            grouped = {name for group in direct if group not in ("all", "ungrouped") for name in containing[group]}
            if grouped:
                self.groups["ungrouped"].hosts.pop(host.name, None)
            else:
                self.groups["ungrouped"].hosts[host.name] = None
            host.groups = frozenset(grouped - {"all"}) or frozenset({"ungrouped"})

    def ancestors(self) -> dict[str, set[str]]:
        """For each group, itself and all groups above it."""
        result: dict[str, set[str]] = {name: set() for name in self.groups}
        for name in self.groups:
            for below in self.descendants(name):
                result[below].add(name)
        return result

    def depths(self) -> dict[str, int]:
        """Longest way from `all` to each group."""
        depth = dict.fromkeys(self.groups, 0)
        queue = ["all"]
        while queue:
            name = queue.pop()
            for child in self.groups[name].children:
                if depth[child] < depth[name] + 1:
                    depth[child] = depth[name] + 1
                    queue.append(child)
        return depth


def _kind(value: Any) -> str:
    return {list: "a list", str: "text", bool: "a boolean"}.get(type(value), "a plain value")


def _whole_number(entry: Entry) -> int:
    value = entry.node.value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise SiteError(f"{entry.where}: ansible_group_priority {entry.node.text[:40]!r} is not a whole number")


def expand(pattern: Any, where: str) -> list[str]:
    """Host names of one pattern: `node[01:12]`, `rack[a:c]-n[1:9:2]`, or a plain name.

    Raises SiteError beginning with `where`.
    """
    if not isinstance(pattern, str):
        raise SiteError(f"{where}: host name {pattern!r} is not text; quote it")
    names = [pattern]
    while "[" in names[0]:
        match = _RANGE.search(names[0])
        if not match or "[" in names[0][: match.start()]:
            raise SiteError(f"{where}: range in {pattern!r} is not understood; write [first:last] or [first:last:step]")
        values = _range_values(match[1], match[2], match[3], where)
        if len(values) * len(names) > MAX_HOSTS:
            raise SiteError(f"{where}: {pattern!r} stands for more than {MAX_HOSTS} hosts")
        names = [name.replace(match.group(), value, 1) for name in names for value in values]
    for name in names:
        if not _HOST_NAME.fullmatch(name):
            raise SiteError(
                f"{where}: {name[:60]!r} is not a host name; write lower-case letters, digits and dashes, at most 52"
            )
    return names


def _range_values(first: str, last: str, step: str | None, where: str) -> list[str]:
    first = first or "0"
    by = int(step[:9]) if step else 1
    if by < 1:
        raise SiteError(f"{where}: step of range [{first}:{last}:{step}] must be at least 1")
    if first.isdigit() != last.isdigit():
        raise SiteError(f"{where}: range [{first}:{last}] mixes digits and letters")
    if not first.isdigit():
        begin, end = string.ascii_letters.index(first), string.ascii_letters.index(last)
        values = list(string.ascii_letters[begin : end + 1 : by])
    else:
        padded = len(first) > 1 and first[0] == "0"
        if padded and len(first) != len(last):
            raise SiteError(f"{where}: both ends of range [{first}:{last}] need the same number of digits")
        if len(last) > 9 or len(first) > 9 or (int(last) - int(first)) // by >= MAX_HOSTS:
            raise SiteError(f"{where}: range [{first}:{last}] stands for more than {MAX_HOSTS} hosts")
        width = len(first) if padded else 0
        values = [str(number).zfill(width) for number in range(int(first), int(last) + 1, by)]
    if not values:
        raise SiteError(f"{where}: range [{first}:{last}] is empty; write the smaller end first")
    return values


class _VarsFiles:
    """The files below group_vars/ and host_vars/ beside hosts.yaml, each read once."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.cache: dict[Path, dict[str, Entry]] = {}

    def variables(self, folder: str, name: str) -> dict[str, Entry]:
        """Variables of one group or host; later files win."""
        result: dict[str, Entry] = {}
        for path in self.files(self.directory / folder, name):
            if path not in self.cache:
                self.cache[path] = self.content(path)
            result |= self.cache[path]
        return result

    def files(self, base: Path, name: str) -> list[Path]:
        """The first that exists of `name` (file or directory), `name.yml`, `name.yaml` and `name.json`."""
        for extension in EXTENSIONS:
            path = base / (name + extension)
            if path.is_dir():
                return list(self.below(path, 0))
            if path.exists():
                return [path]
        return []

    def below(self, directory: Path, depth: int) -> Iterator[Path]:
        if depth > MAX_VARS_DEPTH:
            raise SiteError(f"{document.shown(directory)}:1: directories nested deeper than {MAX_VARS_DEPTH} levels")
        try:
            paths = sorted(directory.iterdir(), key=lambda path: path.name)
        except OSError as error:
            raise SiteError(f"{document.shown(directory)}:1: cannot be read: {error.strerror}") from None
        for path in paths:
            if path.name.startswith(".") or path.name.endswith("~"):
                continue
            if path.is_dir() and not path.suffix:
                yield from self.below(path, depth + 1)
            elif path.is_file() and path.suffix in EXTENSIONS:
                yield path

    def content(self, path: Path) -> dict[str, Entry]:
        root = document.read(path)
        if isinstance(root.value, str) and root.value.startswith("$ANSIBLE_VAULT;"):
            return {}  # Encrypted as a whole: nothing that Site needs may lie there, so a missing key is named as such.
        if root.value is None or root.value == {}:
            return {}
        if not isinstance(root.value, dict):
            raise SiteError(f"{root.where}: a file of variables is a mapping; write `name: value` lines")
        for name, entry in root.value.items():
            if not isinstance(name, str):
                raise SiteError(f"{entry.where}: variable name {name!r} is not text; quote it")
        return root.value


def _merge(reader: _Reader, files: _VarsFiles) -> None:
    """Give every host its merged variables."""
    depths = reader.depths()
    everywhere = reader.groups["all"]
    from_files = {name: files.variables("group_vars", name) for name in reader.groups}
    for host in reader.hosts.values():
        groups = sorted(
            (reader.groups[name] for name in host.groups),
            key=lambda group: (depths[group.name], group.priority, group.name),
        )
        layers = [everywhere.variables]
        layers += [group.variables for group in groups]
        layers.append(from_files["all"])
        layers += [from_files[group.name] for group in groups]
        layers += [host.own, files.variables("host_vars", host.name)]
        for layer in layers:
            host.variables |= layer
