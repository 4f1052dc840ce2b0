"""Reads `metadata.managedFields`: who wrote which field of a live object, and what others added to it.

The format is Kubernetes' `FieldsV1`: `f:NAME` is a field, `k:{...}` the list element with these keys, `v:VALUE` an
element of a set, `i:N` an element by place, and `.` the thing itself.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from yiyun.components.kubernetes import FIELD_MANAGER

Path = tuple[str | int, ...]
MISSING = object()
CONTROLLERS = frozenset({"kube-controller-manager", "kube-scheduler", "kube-apiserver", "kwok"})
"""Field managers that complete objects as a part of their work, for example a claim's `volumeName`."""


def is_written_by_us(live: Mapping[str, Any]) -> bool:
    """Whether yiyun ever wrote the object."""
    return any(entry.get("manager") == FIELD_MANAGER for entry in _entries(live))


def managers(live: Mapping[str, Any]) -> str:
    """Names of all that ever wrote the object, its status aside."""
    names = {str(entry.get("manager")) for entry in _entries(live) if entry.get("subresource") != "status"}
    return ", ".join(sorted(names)) or "somebody else"


def writer(live: Mapping[str, Any], path: Path) -> tuple[str, str]:
    """Who else than yiyun wrote the field at `path` last, and when; empty texts when the server does not tell."""
    found = [
        (str(entry.get("time", "")), str(entry.get("manager", "")))
        for entry in _foreign(live)
        if _covers(entry.get("fieldsV1") or {}, live, path)
    ]
    at, manager = max(found, default=("", ""))
    return manager, at


def additions(live: Mapping[str, Any], manifest: Mapping[str, Any]) -> Iterator[tuple[Path, Any, str, str]]:
    """What others than yiyun and controllers added: path, value, field manager, time.

    Metadata and status are left out: they are there for others to write to.
    """
    for entry in _foreign(live):
        if entry.get("subresource") or entry.get("manager") in CONTROLLERS:
            continue
        fields = {k: v for k, v in (entry.get("fieldsV1") or {}).items() if k not in {"f:metadata", "f:status"}}
        for path, value in _added(fields, live, manifest, ()):
            yield path, value, str(entry.get("manager", "")), str(entry.get("time", ""))


def _entries(live: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(live.get("metadata", {}).get("managedFields") or ())


def _foreign(live: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The entries that are not what yiyun applied. yiyun never updates: an Update under its name is somebody else's."""
    for entry in _entries(live):
        if entry.get("manager") != FIELD_MANAGER or entry.get("operation") == "Update":
            yield entry


def _covers(fields: Mapping[str, Any], live: Any, path: Path) -> bool:
    """Whether managed fields hold the field at `path`, something below it, or something whole around it."""
    for step in path:
        below = MISSING
        for name, inner in fields.items():
            if name != "." and _step(live, name) == step:
                below = inner
        if below is MISSING:
            return False
        if not below:
            return True
        live = _child(live, step)
        fields = below  # type: ignore[assignment]
    return True


def _added(fields: Mapping[str, Any], live: Any, mine: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    for name, below in fields.items():
        step = None if name == "." else _step(live, name)
        if step is None:
            continue
        value = _child(live, step)
        own_step = _step(mine, name)
        own = MISSING if own_step is None else _child(mine, own_step)
        if value is MISSING:
            continue
        if own is MISSING:
            yield (*path, step), value
        elif below:
            yield from _added(below, value, own, (*path, step))


def _step(value: Any, name: str) -> str | int | None:
    """The key or the index that one step of FieldsV1 means in `value`; None when there is no such element."""
    kind, _, text = name.partition(":")
    if kind == "f":
        return text
    if not isinstance(value, list):
        return None
    wanted = json.loads(text)
    if kind == "i":
        return int(wanted)
    # A key that an element does not spell out has its default, which the managed field does spell out.
    for index, element in enumerate(value):
        if kind == "v" and element == wanted:
            return index
        if kind == "k" and isinstance(element, dict) and _has_keys(element, wanted):
            return index
    return None


def _has_keys(element: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return bool(wanted.keys() & element.keys()) and all(element.get(k, v) == v for k, v in wanted.items())


def _child(value: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return value[step] if isinstance(value, list) and step < len(value) else MISSING
    return value.get(step, MISSING) if isinstance(value, dict) else MISSING
