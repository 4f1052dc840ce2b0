"""A fast YAML reader for Kubernetes manifests: libyaml's events straight into values, with line numbers.

PyYAML's loaders build a node tree, resolve each scalar with regular expressions and then build values; half of that
time is saved here. It also sees what a loader hides: duplicate keys, alias bombs, values no cluster would take.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from yiyun.evidence.unknown import TEMPLATE, UnknownValue

MAX_DEPTH = 200
MAX_ALIASED = 100_000
"""How many values the aliases of one document may stand for: an alias bomb has billions."""

_TRUE = frozenset({"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
_FALSE = frozenset({"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_INT = re.compile(r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|0|[1-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_TAGS = {f"tag:yaml.org,2002:{name}": name for name in ("str", "int", "float", "bool", "null", "map", "seq", "binary")}
_MERGE = object()
"""The key `<<`."""


class Document(NamedTuple):
    """One document of a stream: its value, or why it has none."""

    line: int
    value: Any
    problem: str | None
    lines: dict[int, int]
    """`id` of each mapping that stands in a list of the top mapping -> its line (items of a List kind)."""


class Scalars(dict[str, Any]):
    """Plain scalars already resolved: text -> value. Manifests repeat themselves, so most lookups hit."""

    def __missing__(self, text: str) -> Any:
        value = resolve(text)
        self[text] = value
        return value


def resolve(text: str) -> Any:
    """Value of a plain (unquoted) scalar as kubectl reads it."""
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if text[0] in "+-.0123456789" and len(text) <= 64:
        if _INT.fullmatch(text):
            return _integer(text)
        if _FLOAT.fullmatch(text):
            return float(text)
    return text


def _integer(text: str) -> int | str:
    digits = text.replace("_", "")
    sign, digits = (-1, digits[1:]) if digits[0] == "-" else (1, digits.removeprefix("+"))
    if len(digits) > 1 and digits[0] == "0" and digits[1] not in "xbo":
        digits = f"0o{digits[1:]}"
    try:
        return sign * int(digits, 0)
    except ValueError:
        return text


class _Stop(Exception):  # noqa: N818 (the end of a stream, not always an error)
    """Nothing more of this stream can be read: its line (from 1) and reason."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


def yaml_documents(data: bytes, scalars: Scalars, *, templated: bool = False) -> Iterator[Document]:
    """Yield the documents of a stream. A document that cannot be trusted has a problem; a broken stream ends with one.

    `templated`: text that holds `{{` stands for an unknown value.
    """
    line = 1
    try:
        parser: Any = CParser(data)
        while True:
            event = parser.get_event()
            kind = event.__class__
            if kind is StreamStartEvent:
                continue
            if kind is StreamEndEvent:
                return
            if kind is not DocumentStartEvent:  # pragma: no cover (libyaml yields nothing else here)
                raise _Stop(event.start_mark.line + 1, "unexpected content")
            document = _document(parser, scalars, templated)
            if document.problem:
                document = document._replace(problem=_hint(document.problem, templated))
            line = document.line
            yield document
    except _Stop as stop:
        yield Document(stop.line, None, stop.reason, {})
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        yield Document(mark.line + 1 if mark else line, None, _invalid(error.problem, templated), {})
    except (yaml.YAMLError, UnicodeError, ValueError) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        yield Document(line, None, _invalid(str(reason), templated), {})


def _invalid(reason: str | None, templated: bool) -> str:
    return _hint(f"not valid YAML: {reason or 'unreadable'}", templated)


def _hint(problem: str, templated: bool) -> str:
    """The problem, with what to do where the file looks like a template."""
    return f"{problem} (a template? render it first, for example with  helm template)" if templated else problem


def _document(parser: CParser, scalars: Scalars, templated: bool) -> Document:
    """Build one document from the events up to its end. One flat loop: this is the gate's hottest code."""
    get_event: Any = parser.get_event
    problem: str | None = None
    start = line = 0  # lines from 1; 0: not seen yet
    lines: dict[int, int] = {}
    anchors: dict[str, tuple[Any, int]] = {}
    count = aliased = 0
    root: Any = None
    # The open collections. Of the innermost: `container`, `is_map`, and for a mapping `key` (when has_key).
    stack: list[tuple[Any, bool, Any, bool, str | None, int, list[Any] | None]] = []
    container: Any = None
    is_map = has_key = False
    key: Any = None
    anchor: str | None = None
    opened_at = 0
    merges: list[Any] | None = None

    while True:
        event = get_event()
        kind = event.__class__
        if kind is ScalarEvent:
            count += 1
            value = event.value
            if event.implicit[0]:
                value = scalars[value]
                if value == "<<" and is_map and not has_key:
                    value = _MERGE
            elif not event.implicit[1]:
                value, wrong = _tagged(event.tag, value, scalars)
                if wrong and problem is None:
                    problem, line = wrong, event.start_mark.line + 1
            if templated and value.__class__ is str and "{{" in value:
                value = TEMPLATE
            if event.anchor is not None:
                anchors[event.anchor] = (value, 1)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            count += 1
            if len(stack) >= MAX_DEPTH:
                raise _Stop(event.start_mark.line + 1, f"nested deeper than {MAX_DEPTH} levels")
            if event.tag is not None and event.tag not in _TAGS and problem is None:
                problem, line = f"tag {event.tag} is not known", event.start_mark.line + 1
            stack.append((container, is_map, key, has_key, anchor, opened_at, merges))
            anchor, opened_at, merges, has_key = event.anchor, count + aliased, None, False
            if kind is MappingStartEvent:
                if not start:
                    start = event.start_mark.line + 1
                if len(stack) == 3 and not is_map:
                    container, is_map = {}, True
                    lines[id(container)] = event.start_mark.line + 1
                else:
                    container, is_map = {}, True
            else:
                container, is_map = [], False
            continue
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            value = container
            if merges is not None and not _merge(value, merges) and problem is None:
                problem, line = "a merge key (<<) takes only mappings", event.start_mark.line + 1
            if anchor is not None:
                anchors[anchor] = (value, count + aliased - opened_at + 1)
            container, is_map, key, has_key, anchor, opened_at, merges = stack.pop()
        elif kind is AliasEvent:
            known = anchors.get(event.anchor)
            if known is None:
                raise _Stop(event.start_mark.line + 1, f"alias *{event.anchor} names no anchor before it")
            value, size = known
            aliased += size
            if aliased > MAX_ALIASED:
                raise _Stop(event.start_mark.line + 1, f"aliases stand for more than {MAX_ALIASED} values")
        elif kind is DocumentEndEvent:
            return Document(line if problem else (start or event.start_mark.line + 1), root, problem, lines)
        else:
            continue

        # `value` is complete: put it where it belongs.
        if is_map:
            if has_key:
                has_key = False
                if key is _MERGE:
                    merges = merges or []
                    merges.append(value)
                elif key in container:
                    if problem is None:
                        problem, line = f"key {key!r} stands twice in one mapping", event.start_mark.line + 1
                else:
                    container[key] = value
            else:
                has_key = True
                key = value
                if value.__class__ is not str and value is not _MERGE:
                    key, wrong = _key(value)
                    if wrong and problem is None:
                        problem, line = wrong, event.start_mark.line + 1
        elif container is not None:
            container.append(value)
        else:
            root = value


def _key(value: Any) -> tuple[str, str | None]:
    """Key of a mapping as JSON has it, and what is wrong with it."""
    if isinstance(value, bool):
        return str(value).lower(), None
    if isinstance(value, int | float):
        return str(value), None
    if isinstance(value, UnknownValue):
        return "?", f"a key of a mapping: {value.reason}"
    return "?", "a key of a mapping must be text"


def _tagged(tag: str | None, text: str, scalars: Scalars) -> tuple[Any, str | None]:
    """Value of a scalar with an explicit tag, and what is wrong with it."""
    name = _TAGS.get(tag or "")
    if name in {"str", "binary"} or tag == "!":
        return text, None
    value = scalars[text]
    fits: Any = {"int": int, "float": float, "bool": bool, "null": type(None)}.get(name or "")
    if fits is None or not (isinstance(value, fits) or (fits is float and isinstance(value, int))):
        return text, f"tag {tag} does not fit its value or is not known"
    return (float(value) if fits is float else value), None


def _merge(target: dict[str, Any], merges: list[Any]) -> bool:
    """Apply `<<` values: what the mapping says itself wins, then the merged ones in order. False: not mappings."""
    for merged in merges:
        for source in merged if isinstance(merged, list) else [merged]:
            if not isinstance(source, dict):
                return False
            for key, value in source.items():
                target.setdefault(key, value)
    return True
