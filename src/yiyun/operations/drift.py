"""`drift`: what differs on the server from what was written, and who changed it, field by field.

The server itself is asked: each object as it was written is applied again as a dry run, and the answer is compared
with the live object. So defaults, conversions and equal spellings of quantities are never taken for drift.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from yiyun.components.kubernetes import FIELD_MANAGER, key
from yiyun.evidence.api_server import ApiError, ApiServer
from yiyun.operations import environment, lock
from yiyun.operations.down import state_of
from yiyun.operations.dry_run import WORKERS
from yiyun.operations.engine import Engine
from yiyun.operations.gate import ready
from yiyun.operations.projects import projects
from yiyun.operations.recovery import recover
from yiyun.site import Site

Report = Callable[[str], None]
IGNORED = ({"metadata", "managedFields"}, {"metadata", "resourceVersion"}, {"metadata", "generation"})


@dataclass(frozen=True)
class Difference:
    """One field that differs."""

    key: str
    path: str
    wanted: str
    found: str
    manager: str
    """Field manager that wrote the live value; empty when the server does not tell."""
    at: str
    """When it did, as the server says."""


def find_drift(site: Site, report: Report) -> list[Difference]:
    """Compare every object in the stacks' states with the server."""
    with lock.hold(site, "drift"):
        ready(site, report)
        engine = Engine(site)
        api = ApiServer(environment.kubeconfig(site))
        recover(site, engine, api, projects().values(), report)
        manifests = [r["inputs"] for project in projects().values() for r in state_of(engine, project)]
        report(f"comparing {len(manifests)} objects with the server")
        with ThreadPoolExecutor(max_workers=WORKERS) as workers:
            return [d for found in workers.map(lambda m: _compare(api, m), manifests) for d in found]


def _compare(api: ApiServer, manifest: dict[str, Any]) -> list[Difference]:
    name = key(manifest)
    kind = api.kind(manifest["apiVersion"], manifest["kind"])
    live = api.get(manifest)
    if kind is None or live is None:
        return [Difference(name, "", "present", "deleted", "", "")]
    metadata = manifest["metadata"]
    query = {"dryRun": "All", "fieldManager": FIELD_MANAGER, "force": "true"}
    path = kind.path(metadata.get("namespace"), metadata["name"])
    try:
        wanted = api.request("PATCH", path, manifest, query, "application/apply-patch+yaml")
    except ApiError as error:
        return [Difference(name, "", "accepted", f"refused: {error.message}", "", "")]
    return [_difference(name, live, *found) for found in _walk(wanted, live, ())]


def _walk(wanted: Any, live: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    if len(path) == 2 and set(path) in IGNORED:
        return
    if isinstance(wanted, dict) and isinstance(live, dict):
        for name in sorted(wanted.keys() | live.keys()):
            yield from _walk(wanted.get(name), live.get(name), (*path, name))
    elif wanted != live:
        yield path, wanted, live


def _difference(name: str, live: dict[str, Any], path: tuple[str, ...], wanted: Any, found: Any) -> Difference:
    manager, at = _owner(live, path)
    return Difference(name, ".".join(path), _shown(wanted), _shown(found), manager, at)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True) if value is not None else "absent"
    return text if len(text) <= 60 else text[:57] + "..."


def _owner(live: dict[str, Any], path: tuple[str, ...]) -> tuple[str, str]:
    """Who else than yiyun manages the field, or what lies above it; the latest of them."""
    best: tuple[int, str, str] = (0, "", "")
    for entry in live["metadata"].get("managedFields", ()):
        if entry.get("manager") == FIELD_MANAGER:
            continue
        depth = _depth(entry.get("fieldsV1", {}), path)
        if depth:
            best = max(best, (depth, str(entry.get("time", "")), str(entry.get("manager", ""))))
    return best[2], best[1]


def _depth(fields: Any, path: tuple[str, ...]) -> int:
    """How many steps of `path` a set of managed fields follows."""
    depth = 0
    for name in path:
        fields = fields.get(f"f:{name}") if isinstance(fields, dict) else None
        if fields is None:
            break
        depth += 1
    return depth
