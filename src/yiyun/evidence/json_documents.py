"""Reads JSON manifests: one value or several after each other, duplicate keys refused."""

import json
from collections.abc import Iterator
from typing import Any

from yiyun.evidence.unknown import TEMPLATE
from yiyun.evidence.yaml_documents import MAX_DEPTH, Document


class _Refused(ValueError):  # noqa: N818 (an outcome)
    """Valid JSON of which a cluster's reading is not certain."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _Refused(f"key {twice!r} stands twice in one object")
    if any("{{" in key for key in value):
        raise _Refused("a key is a template that was not rendered")
    for key, item in pairs:
        if item.__class__ is str and "{{" in item:
            value[key] = TEMPLATE
    return value


def _constant(name: str) -> Any:
    raise _Refused(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_constant)


def json_documents(data: bytes) -> Iterator[Document]:
    """Yield the values of a file. Reading ends at the first problem. Items of a list have the line of their list."""
    try:
        text = data.decode(json.detect_encoding(data)).removeprefix("\ufeff")
    except UnicodeError:
        yield Document(1, None, "not valid JSON: not Unicode text", {})
        return
    line, counted = 1, 0
    at = _next(text, 0)
    while at < len(text):
        line, counted = line + text.count("\n", counted, at), at
        try:
            value, end = _DECODER.raw_decode(text, at)
            if _deeper(value, MAX_DEPTH):
                raise _Refused(f"nested deeper than {MAX_DEPTH} levels")
        except json.JSONDecodeError as error:
            yield Document(error.lineno, None, f"not valid JSON: {error.msg}", {})
            return
        except _Refused as error:
            yield Document(line, None, str(error), {})
            return
        except (ValueError, RecursionError):
            yield Document(line, None, "not valid JSON: nested too deeply, or a number with too many digits", {})
            return
        yield Document(line, value, None, {})
        at = _next(text, end)


def _next(text: str, at: int) -> int:
    """Position of the next character that is no white space."""
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _deeper(value: Any, limit: int) -> bool:
    """Whether the value is nested deeper than `limit`, level by level, without recursion."""
    level = [value]
    for _ in range(limit + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
