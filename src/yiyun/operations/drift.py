"""`drift`: what differs on the server from what was written, and who changed it, field by field.

The server itself is asked: an object that does not stand there word for word is applied again as a dry run, and the
answer is compared with the live object. So defaults, conversions and equal spellings of quantities are never taken
for drift.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from yiyun.components.kubernetes import key
from yiyun.evidence.api_server import ApiError, ApiServer
from yiyun.operations import lock, managed_fields
from yiyun.operations.dry_run import WORKERS, apply
from yiyun.operations.managed_fields import Path
from yiyun.operations.projects import projects
from yiyun.operations.recovery import recover
from yiyun.operations.watch import connected
from yiyun.site import Site
from yiyun.site import labels as names

Report = Callable[[str], None]
Manifest = Mapping[str, Any]
IGNORED = ({"metadata", "managedFields"}, {"metadata", "resourceVersion"}, {"metadata", "generation"})
PLAIN = re.compile(r"[\w-]+")
LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Difference:
    """One field that differs. A whole object that is not there has an empty path."""

    key: str
    path: str
    wanted: str
    found: str
    manager: str
    """Field manager that wrote the live value; empty when the server does not tell."""
    at: str
    """When it did, as the server says."""


@dataclass(frozen=True)
class Drift:
    """One object that does not stand on the server as it was written."""

    manifest: Manifest
    differences: tuple[Difference, ...] = ()
    """What applying the object again would put back."""
    added: tuple[Difference, ...] = ()
    """Fields that others added and yiyun never wrote: applying the object again leaves them."""
    gone: bool = False
    stranger: str = ""
    """Who made the object of this name that stands there now, when yiyun never wrote it."""
    refusal: str = ""
    """Why the server refuses to have the object as it was written."""

    @property
    def identity(self) -> tuple[str, str]:
        """What names the object in all stacks."""
        return identity(self.manifest)

    @property
    def key(self) -> str:
        """`Kind/namespace/name`."""
        return key(self.manifest)

    @property
    def rows(self) -> tuple[Difference, ...]:
        """Everything there is to show."""
        return (*self.differences, *self.added)

    @property
    def outlook(self) -> str:
        """What the next up does about it."""
        if self.refusal:
            return f"stops: {self.refusal}"
        if self.stranger:
            return f"stops: made by {self.stranger}"
        return "makes it again" if self.gone else "puts it back"


def identity(manifest: Manifest) -> tuple[str, str]:
    """Version and key, which name an object in all stacks: two API groups may have a kind of one name."""
    return manifest["apiVersion"], key(manifest)


def find_drift(site: Site, report: Report) -> list[Drift]:
    """Compare every object in the stacks' states with the server."""
    with lock.hold(site, "drift"), connected(site, report) as (engine, api):
        recover(site, engine, api, projects().values(), report)
        manifests = [r["inputs"] for project in projects().values() for r in engine.objects(project)]
        report(f"comparing {len(manifests)} objects with the server")
        return compare(api, site, manifests)


def compare(api: ApiServer, site: Site, manifests: Iterable[Manifest]) -> list[Drift]:
    """The objects of `manifests` that do not stand on the server as they are written there, in their order."""
    listed = list(manifests)
    with ThreadPoolExecutor(max_workers=WORKERS) as workers:
        live = _read(api, site, listed, workers)
        found = workers.map(lambda manifest, standing: _compare(api, manifest, standing), listed, live)
        return [drift for drift in found if drift]


def _read(
    api: ApiServer, site: Site, manifests: list[Manifest], workers: ThreadPoolExecutor
) -> list[dict[str, Any] | None]:
    """The live objects. Each kind is listed once; what lost its label is asked for by name."""
    kinds = dict.fromkeys((str(m["apiVersion"]), str(m["kind"])) for m in manifests)
    found: dict[tuple[str, str, str | None, str], dict[str, Any]] = {}

    def one(names_of_kind: tuple[str, str]) -> list[dict[str, Any]]:
        kind = api.kind(*names_of_kind)
        query = {"labelSelector": f"{names.SITE}={site.name}"}
        return list(api.request("GET", kind.path(), query=query).get("items", ())) if kind else []

    for (api_version, kind), items in zip(kinds, workers.map(one, kinds), strict=True):
        for item in items:
            metadata = item["metadata"]
            whole = {"apiVersion": api_version, "kind": kind, **item}  # lists leave these out
            found[api_version, kind, metadata.get("namespace"), metadata["name"]] = whole

    def of(manifest: Manifest) -> dict[str, Any] | None:
        metadata = manifest["metadata"]
        known = found.get((manifest["apiVersion"], manifest["kind"], metadata.get("namespace"), metadata["name"]))
        return known or api.get(dict(manifest))

    return list(workers.map(of, manifests))


def _compare(api: ApiServer, manifest: Manifest, live: dict[str, Any] | None) -> Drift | None:
    name = key(manifest)
    if live is None:
        return Drift(manifest, (Difference(name, "", "present", "deleted", "", ""),), gone=True)
    stranger = "" if managed_fields.is_written_by_us(live) else managed_fields.managers(live)
    added = tuple(
        Difference(name, shown_path(path), "absent", _shown(value), manager, at)
        for path, value, manager, at in managed_fields.additions(live, manifest)
    )
    differences: tuple[Difference, ...] = ()
    refusal = ""
    if stranger or not _stands(manifest, live):
        try:
            wanted = apply(api, manifest, dry_run=True)
        except ApiError as error:
            if not error.is_refusal:
                raise
            refusal = error.message
            differences = (Difference(name, "", "accepted", "refused", "", ""),)
        else:
            differences = tuple(_difference(name, live, *found) for found in _walk(wanted, live, ()))
    if stranger or differences or added:
        return Drift(manifest, differences, added, stranger=stranger, refusal=refusal)
    return None


def _stands(wanted: Any, live: Any) -> bool:
    """Whether everything that was written stands there word for word, among what the server added."""
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        return all(name in live and _stands(value, live[name]) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(live, list):
        return len(wanted) == len(live) and all(map(_stands, wanted, live))
    return bool(wanted == live)


def _walk(wanted: Any, live: Any, path: Path) -> Iterator[tuple[Path, Any, Any]]:
    if len(path) == 2 and set(path) in IGNORED:
        return
    if isinstance(wanted, dict) and isinstance(live, dict):
        for name in sorted(wanted.keys() | live.keys()):
            yield from _walk(wanted.get(name), live.get(name), (*path, name))
    elif isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(live):
        for index, (one, other) in enumerate(zip(wanted, live, strict=True)):
            yield from _walk(one, other, (*path, index))
    elif wanted != live:
        yield path, wanted, live


def _difference(name: str, live: dict[str, Any], path: Path, wanted: Any, found: Any) -> Difference:
    manager, at = managed_fields.writer(live, path)
    return Difference(name, shown_path(path), _shown(wanted), _shown(found), manager, at)


def shown_path(path: Path) -> str:
    """A path as kubectl's JSONPath writes it: `spec.containers[0].image`, `metadata.labels["a/b"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif PLAIN.fullmatch(step):
            text += f".{step}"
        else:
            text += f"[{json.dumps(step)}]"
    return text.removeprefix(".")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True) if value is not None else "absent"
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."
