"""YAML with line numbers: one file becomes a tree of nodes that remember where they were written.

Parsing is libyaml's, event by event and without recursion, so that a hostile file (deep nesting, an alias bomb,
a document that contains itself, binary data) is refused at a line and never exhausts memory or the stack.
"""

import datetime
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, cast

import yaml
from yaml.constructor import SafeConstructor
from yaml.error import Mark
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.nodes import ScalarNode
from yaml.reader import Reader

from yiyun.errors import SiteError

MAX_BYTES = 4 * 2**20
"""Largest file that is read. A site of 1,000 hosts stays below 1 MiB."""
MAX_NODES = 500_000
"""Most values in one file, with every alias counted as often as it is used."""
MAX_DEPTH = 40
MAX_NUMBER = 100
"""Most characters in one number."""

_CORE = "tag:yaml.org,2002:"
_OPAQUE_TAGS = {"!vault": "vault", "!vault-encrypted": "vault", "!unsafe": "unsafe"}
_construct = SafeConstructor()


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a file: a scalar, a list of nodes, or a mapping from keys to entries."""

    file: str
    """Name of the file as it is shown to the user."""
    line: int
    """Line of its first character, from 1."""
    value: Any
    """A scalar, `list[Node]` or `dict[Any, Entry]`."""
    text: str = ""
    """Scalars only: the characters as written."""
    tag: str | None = None
    """`vault` or `unsafe` for Ansible's own tags."""
    depth: int = 1
    size: int = 1

    @property
    def where(self) -> str:
        """Place in the form `file:line`."""
        return f"{self.file}:{self.line}"


class Entry(NamedTuple):
    """One key of a mapping with its value."""

    line: int
    """Line of the key."""
    node: Node

    @property
    def where(self) -> str:
        """Place of the key in the form `file:line`."""
        return f"{self.node.file}:{self.line}"


@dataclass(slots=True)
class _Frame:
    """A collection that is still being read."""

    line: int
    anchor: str | None
    mapping: bool
    entries: dict[Any, Entry] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)
    merges: list[Node] = field(default_factory=list)
    key: Node | None = None


def shown(path: Path) -> str:
    """Name of a file in messages: relative to the working directory where it lies below it."""
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else str(absolute)


def read(path: Path) -> Node:
    """Read one YAML document.

    Raises SiteError, its text beginning with `file:line`, for anything that is not one plain YAML document:
    unreadable, not UTF-8, control characters, syntax errors, duplicate keys, unknown tags, self-containing or
    overgrown structures. An empty document gives a node with value None.
    """
    name = shown(path)
    text = _text(path, name)
    last = max(1, len(text.splitlines()))
    try:
        return _Builder(name, last).build(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = min(mark.line + 1, last) if mark else 1
        raise SiteError(f"{name}:{line}: not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise SiteError(f"{name}:1: not valid YAML: {error}") from None


def _text(path: Path, name: str) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SiteError(f"{name}:1: larger than {MAX_BYTES // 2**20} MiB; this is not a hand-written file")
        raw = path.read_bytes()
    except OSError as error:
        raise SiteError(f"{name}:1: cannot be read: {error.strerror}") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SiteError(f"{name}:{line}: byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8") from None
    bad = Reader.NON_PRINTABLE.search(text)
    if bad:
        # A file may end in the offending character: the line that it would begin does not exist.
        line = max(1, len((text[: bad.start()] + "x").splitlines()))
        raise SiteError(f"{name}:{line}: control character U+{ord(bad.group()):04X}; remove it")
    return text


class _Builder:
    """Turns the events of one file into nodes."""

    def __init__(self, name: str, last: int) -> None:
        self.name = name
        self.last = last
        self.stack: list[_Frame] = []
        self.anchors: dict[str, Node | None] = {}
        self.root: Node | None = None
        self.documents = 0
        self.nodes = 0

    def fail(self, line: int, text: str) -> SiteError:
        return SiteError(f"{self.name}:{line}: {text}")

    def build(self, text: str) -> Node:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, ScalarEvent):
                self.add(self.scalar(event), event.anchor)
            elif isinstance(event, AliasEvent):
                self.add(self.alias(event), None)
            elif isinstance(event, MappingStartEvent | SequenceStartEvent):
                self.open(event)
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                self.close()
            elif isinstance(event, yaml.DocumentStartEvent):
                self.documents += 1
                if self.documents > 1:
                    raise self.fail(self.line(event), "a second YAML document; write one document per file")
        return self.root or Node(self.name, 1, None)

    def line(self, event: yaml.Event) -> int:
        return min(cast(Mark, event.start_mark).line + 1, self.last)

    def open(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        mapping, line = isinstance(event, MappingStartEvent), self.line(event)
        if event.tag not in (None, "!", f"{_CORE}map" if mapping else f"{_CORE}seq"):
            raise self.fail(line, f"tag {event.tag} is not known; write plain YAML")
        if len(self.stack) >= MAX_DEPTH:
            raise self.fail(line, f"nested deeper than {MAX_DEPTH} levels")
        if event.anchor:
            self.anchors[event.anchor] = None
        self.stack.append(_Frame(line, event.anchor, mapping))

    def close(self) -> None:
        frame = self.stack.pop()
        if frame.mapping:
            entries = self.merged(frame)
            children = [entry.node for entry in entries.values()]
            value: Any = entries
        else:
            children = value = frame.items
        depth = 1 + max((child.depth for child in children), default=0)
        size = 1 + sum(child.size for child in children)
        if depth > MAX_DEPTH:
            raise self.fail(frame.line, f"nested deeper than {MAX_DEPTH} levels")
        if size > MAX_NODES:
            raise self.fail(frame.line, f"more than {MAX_NODES} values once its aliases are followed")
        self.add(Node(self.name, frame.line, value, depth=depth, size=size), frame.anchor)

    def merged(self, frame: _Frame) -> dict[Any, Entry]:
        """Put keys merged by `<<` below the mapping's own; of several sources the first wins."""
        if not frame.merges:
            return frame.entries
        entries: dict[Any, Entry] = {}
        for source in reversed(frame.merges):
            entries.update(source.value)
        return entries | frame.entries

    def add(self, node: Node, anchor: str | None) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise self.fail(node.line, f"more than {MAX_NODES} values")
        if anchor:
            self.anchors[anchor] = node
        if not self.stack:
            self.root = node
            return
        frame = self.stack[-1]
        if not frame.mapping:
            frame.items.append(node)
        elif frame.key is None:
            self.begin_key(frame, node)
        else:
            key, frame.key = frame.key, None
            if key.tag == "merge":
                frame.merges += self.merge_sources(key, node)
            else:
                frame.entries[key.value] = Entry(key.line, node)

    def begin_key(self, frame: _Frame, key: Node) -> None:
        if isinstance(key.value, list | dict):
            raise self.fail(key.line, "a key must be a plain word, not a list or mapping")
        if key.tag != "merge" and key.value in frame.entries:
            first = frame.entries[key.value].line
            raise self.fail(key.line, f"key {key.text!r} is written twice (first on line {first}); keep one")
        frame.key = key

    def merge_sources(self, key: Node, node: Node) -> list[Node]:
        sources = node.value if isinstance(node.value, list) else [node]
        if not all(isinstance(source.value, dict) for source in sources):
            raise self.fail(key.line, "`<<` needs a mapping, or a list of mappings")
        return list(sources)

    def alias(self, event: AliasEvent) -> Node:
        name = cast(str, event.anchor)
        if name not in self.anchors:
            raise self.fail(self.line(event), f"alias *{name} has no anchor &{name} before it")
        node = self.anchors[name]
        if node is None:
            raise self.fail(self.line(event), f"alias *{name} lies inside its own anchor; write the value out")
        return node

    def scalar(self, event: ScalarEvent) -> Node:
        line, text = self.line(event), event.value
        if event.tag in _OPAQUE_TAGS:
            return Node(self.name, line, text, text, _OPAQUE_TAGS[event.tag])
        tag = event.tag if event.tag not in (None, "!") else _implicit(text) if event.implicit[0] else f"{_CORE}str"
        if tag == f"{_CORE}merge":
            return Node(self.name, line, text, text, "merge")
        return Node(self.name, line, self.constructed(tag, text, line), text)

    def constructed(self, tag: str, text: str, line: int) -> Any:
        make = _SCALARS.get(tag)
        if make is None:
            raise self.fail(line, f"{text[:40]!r} has tag {tag.removeprefix(_CORE)}, which is not known; quote it")
        if make is not SafeConstructor.construct_yaml_str and len(text) > MAX_NUMBER:
            raise self.fail(line, f"{text[:40]!r}... is too long for a number; quote it if it is text")
        try:
            return make(_construct, ScalarNode(tag, text))
        except (ValueError, KeyError, IndexError, OverflowError, AttributeError, yaml.YAMLError):
            raise self.fail(line, f"{text[:40]!r} is not a {tag.removeprefix(_CORE)}; quote it if it is text") from None


_SCALARS = {
    f"{_CORE}str": SafeConstructor.construct_yaml_str,
    f"{_CORE}int": SafeConstructor.construct_yaml_int,
    f"{_CORE}float": SafeConstructor.construct_yaml_float,
    f"{_CORE}bool": SafeConstructor.construct_yaml_bool,
    f"{_CORE}null": SafeConstructor.construct_yaml_null,
    f"{_CORE}timestamp": SafeConstructor.construct_yaml_timestamp,
}


def _implicit(text: str) -> str:
    """Tag of a plain scalar by YAML 1.1, as PyYAML and Ansible resolve it."""
    table = yaml.SafeLoader.yaml_implicit_resolvers
    for tag, pattern in table.get(text[:1], ()):
        if pattern.match(text):
            return cast(str, tag)
    return f"{_CORE}str"


def plain(node: Node) -> Any:
    """Python value of a node: dict, list, str, int, float, bool, None, date or datetime."""
    if isinstance(node.value, dict):
        return {key: plain(entry.node) for key, entry in node.value.items()}
    if isinstance(node.value, list):
        return [plain(item) for item in node.value]
    return node.value


def data(node: Node) -> Any:
    """Value of a node for a model: dates count as text, as they were most likely meant, and keys must be text.

    Raises SiteError for a key that is not text.
    """
    if isinstance(node.value, dict):
        for key, entry in node.value.items():
            if not isinstance(key, str):
                raise SiteError(f"{entry.where}: key {key!r} is not text; quote it")
        return {key: data(entry.node) for key, entry in node.value.items()}
    if isinstance(node.value, list):
        return [data(item) for item in node.value]
    return node.text if isinstance(node.value, datetime.date) else node.value


def nearest(node: Node, path: tuple[str | int, ...]) -> tuple[int, Node, int]:
    """Follow `path` as far as it exists.

    Returns the line of the last key (or list item) found, the node there, and how many parts of the path were
    found. Parts that do not exist in the file are skipped: pydantic puts names of union members between them.
    """
    line, found = node.line, 0
    for part in path:
        if isinstance(node.value, dict) and part in node.value:
            line, node = node.value[part]
        elif isinstance(node.value, list) and isinstance(part, int) and 0 <= part < len(node.value):
            node = node.value[part]
            line = node.line
        else:
            continue
        found += 1
    return line, node, found
