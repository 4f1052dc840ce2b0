"""Puts right what a killed update left: dead locks, orphaned plugins, objects whose creation was not recorded."""

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from yiyun.components.kubernetes import FIELD_MANAGER
from yiyun.errors import UserError
from yiyun.evidence.api_server import ApiServer
from yiyun.operations import environment, lock, updates
from yiyun.operations.engine import Engine
from yiyun.operations.projects import Project
from yiyun.site import Site
from yiyun.site import labels as names

Report = Callable[[str], None]
Resource = dict[str, Any]
"""One resource, as a stack's state has it."""

SCRATCH = f"{names.PREFIX}scratch"
"""Label of the namespaces in which a dry run tries the objects of namespaces that are not there yet."""


def recover(site: Site, engine: Engine, api: ApiServer, projects: Iterable[Project], report: Report) -> None:
    """Bring state and cluster together again after a kill -9. Does nothing after an orderly end.

    The caller holds the site's lock. Raises UserError that names the living owner of a lock of pulumi's own.
    """
    backend = environment.backend(site)
    _clear_locks(backend, report)
    for text in lock.end_orphans(backend):
        report(f"ended a process that a dead update left: {text}")
    _clear_locks(backend, report)  # of a pulumi that was ended just now
    for name in _clear_scratch(api, site):
        report(f"deleted namespace {name}, which a dead dry run left")
    broken_off = updates.broken_off(site)
    with ThreadPoolExecutor(max_workers=2) as workers:
        list(workers.map(lambda p: _settle(engine, api, p, broken_off.creates(p.name), report), projects))
    broken_off.settled()


def _clear_locks(backend: str, report: Report) -> None:
    for text in lock.clear_dead_pulumi_locks(backend):
        report(f"removed the lock of a dead update: {text}")


def _clear_scratch(api: ApiServer, site: Site) -> list[str]:
    """Delete the namespaces in which a dry run of this site was killed; return their names."""
    query = {"labelSelector": f"{SCRATCH}=true,{names.SITE}={site.name}"}
    items = api.request("GET", "/api/v1/namespaces", query=query).get("items", ())
    left = [str(item["metadata"]["name"]) for item in items if "deletionTimestamp" not in item["metadata"]]
    for name in left:
        api.request("DELETE", f"/api/v1/namespaces/{name}")
    return left


def _settle(engine: Engine, api: ApiServer, project: Project, planned: list[Resource], report: Report) -> None:
    """Read again from the server every object that an unfinished operation of this stack may have changed.

    Pulumi records an operation before it begins it, and forgets it when it fails, though the server may have done it
    before its answer was lost: so `planned`, what a broken-off update was about to create, is looked for, too. What
    was created is entered into the state, then all of it is refreshed: what exists stays (the next update changes or
    deletes it like any other object), what does not exist leaves the state.
    """
    pending = _pending(engine, project)
    if not pending and not planned:
        return
    state = engine.export(project)
    deployment = state.get("deployment") or {}
    resources: list[Resource] = deployment.get("resources") or []
    entered = _enter(engine.site, api, resources, [*planned, *(p["resource"] for p in pending if _is_create(p))])
    if not pending and not entered:
        return
    known = {resource["urn"] for resource in resources}
    targets = known & {*entered, *(p["resource"]["urn"] for p in pending if _is_object(p["resource"]))}
    report(
        f"{project.name}: {len(pending)} operations of a dead update to settle, {len(targets)} objects to read again"
    )
    deployment.pop("pending_operations", None)
    deployment["resources"] = resources
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as handle:
        json.dump(state, handle)
        handle.flush()
        done = engine.run(project, ["stack", "import", "--stack", engine.site.name, "--file", handle.name])
    if done.returncode:
        raise UserError(f"cannot settle the state of {project.name}: {done.stderr.strip()[-2000:]}")
    if targets:
        log = engine.site.state_dir / "logs" / f"settle-{project.name}.log"
        args = ["refresh", "--yes", "--skip-preview", *(f"--target={urn}" for urn in sorted(targets))]
        engine.follow(project, args, len(targets), report, log)


def _is_object(resource: Mapping[str, Any]) -> bool:
    return str(resource["type"]).startswith("kubernetes:")


def _is_create(operation: Mapping[str, Any]) -> bool:
    return operation["type"] == "creating" and _is_object(operation["resource"])


def _enter(site: Site, api: ApiServer, resources: list[Resource], candidates: list[Resource]) -> set[str]:
    """Append to a state's `resources` the candidates that it lacks and that the server has; return their URNs.

    A candidate whose parent or provider the state does not have was never begun.
    """
    known = {resource["urn"] for resource in resources}
    providers = {
        r["urn"]: f"{r['urn']}::{r['id']}" for r in resources if str(r["type"]).startswith("pulumi:providers:")
    }
    entered: set[str] = set()
    for candidate in candidates:
        provider = providers.get(str(candidate.get("provider", "")).rpartition("::")[0])
        if candidate["urn"] in known or candidate.get("parent") not in known or not provider:
            continue
        live = api.get(candidate["inputs"])
        if live is None or not is_ours(live, site):
            continue
        metadata = candidate["inputs"]["metadata"]
        resource = {name: value for name, value in candidate.items() if name not in _OF_A_RUN}
        resource |= {
            "id": "/".join(part for part in (metadata.get("namespace"), metadata["name"]) if part),
            "outputs": dict(candidate["inputs"]),
            "provider": provider,
            "dependencies": [urn for urn in candidate.get("dependencies") or () if urn in known],
        }
        resources.append(resource)
        known.add(resource["urn"])
        entered.add(resource["urn"])
    return entered


_OF_A_RUN = frozenset({"propertyDependencies", "sourcePosition", "stackTrace"})
"""What the next update writes anew."""


def _pending(engine: Engine, project: Project) -> list[dict[str, Any]]:
    """Return the pending operations, read from the local file where the backend is one (cheap), else by export."""
    backend = environment.backend(engine.site)
    if root := lock.local_root(backend):
        path = root / ".pulumi" / "stacks" / project.pulumi_name / f"{engine.site.name}.json"
        if not path.exists():
            return []
        checkpoint = json.loads(path.read_text(encoding="utf-8"))["checkpoint"]
        return list((checkpoint.get("latest") or {}).get("pending_operations") or ())
    return list(engine.export(project).get("deployment", {}).get("pending_operations") or ())


def is_ours(live: dict[str, Any], site: Site) -> bool:
    """Whether yiyun wrote this object for this site: its field manager and its site label say so."""
    metadata = live.get("metadata", {})
    managers = {entry.get("manager") for entry in metadata.get("managedFields", ())}
    return FIELD_MANAGER in managers and metadata.get("labels", {}).get("yiyun.io/site") == site.name
