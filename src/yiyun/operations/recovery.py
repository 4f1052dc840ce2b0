"""Puts right what a killed update left: dead locks, orphaned plugins, objects whose creation was not recorded."""

import json
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from yiyun.components.kubernetes import FIELD_MANAGER
from yiyun.errors import UserError
from yiyun.evidence.api_server import ApiServer
from yiyun.operations import environment, lock
from yiyun.operations.engine import Engine
from yiyun.operations.projects import Project
from yiyun.site import Site
from yiyun.site import labels as names

Report = Callable[[str], None]
SCRATCH = f"{names.PREFIX}scratch"
"""Label of the namespaces in which a dry run tries the objects of namespaces that are not there yet."""


def recover(site: Site, engine: Engine, api: ApiServer, projects: Iterable[Project], report: Report) -> None:
    """Bring state and cluster together again after a kill -9. Does nothing after an orderly end."""
    backend = environment.backend(site)
    for text in lock.clear_dead_pulumi_locks(backend):
        report(f"removed the lock of a dead update: {text}")
    for text in lock.end_orphans(backend):
        report(f"ended a plugin that a dead update left: {text}")
    for name in _clear_scratch(api, site):
        report(f"deleted namespace {name}, which a dead dry run left")
    with ThreadPoolExecutor(max_workers=2) as workers:
        list(workers.map(lambda project: _settle(engine, api, project, report), projects))


def _clear_scratch(api: ApiServer, site: Site) -> list[str]:
    """Delete the namespaces in which a dry run of this site was killed; return their names."""
    query = {"labelSelector": f"{SCRATCH}=true,{names.SITE}={site.name}"}
    items = api.request("GET", "/api/v1/namespaces", query=query).get("items", ())
    left = [str(item["metadata"]["name"]) for item in items if "deletionTimestamp" not in item["metadata"]]
    for name in left:
        api.request("DELETE", f"/api/v1/namespaces/{name}")
    return left


def _settle(engine: Engine, api: ApiServer, project: Project, report: Report) -> None:
    """Read again from the server every object that an unfinished operation of this stack may have changed.

    Pulumi records an operation before it begins it. A pending create is entered into the state, then everything
    pending is refreshed: what exists stays (the next update changes or deletes it like any other object), what
    does not exist leaves the state.
    """
    pending = _pending(engine, project)
    if not pending:
        return
    state = engine.export(project)
    deployment = state["deployment"]
    known = {resource["urn"] for resource in deployment.get("resources", ())}
    targets = []
    for operation in deployment.pop("pending_operations", ()):
        resource = operation["resource"]
        if not str(resource["type"]).startswith("kubernetes:"):
            continue
        if operation["type"] == "creating" and resource["urn"] not in known:
            live = api.get(resource["inputs"])
            if live is None or not is_ours(live, engine.site):
                continue
            metadata = resource["inputs"]["metadata"]
            resource["id"] = "/".join(p for p in (metadata.get("namespace"), metadata["name"]) if p)
            resource["outputs"] = dict(resource["inputs"])
            deployment["resources"].append(resource)
            known.add(resource["urn"])
        if resource["urn"] in known:
            targets.append(resource["urn"])
    report(
        f"{project.name}: {len(pending)} operations of a killed update to settle, {len(targets)} objects to read again"
    )
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as handle:
        json.dump(state, handle)
        handle.flush()
        done = engine.run(project, ["stack", "import", "--stack", engine.site.name, "--file", handle.name])
    if done.returncode:
        raise UserError(f"cannot settle the state of {project.name}: {done.stderr.strip()[-2000:]}")
    if targets:
        log = engine.site.state_dir / "logs" / f"settle-{project.name}.log"
        args = ["refresh", "--yes", "--skip-preview", *(f"--target={urn}" for urn in sorted(set(targets)))]
        engine.follow(project, args, len(targets), report, log)


def _pending(engine: Engine, project: Project) -> list[dict[str, Any]]:
    """Return the pending operations, read from the local file where the backend is one (cheap), else by export."""
    backend = environment.backend(engine.site)
    if backend.startswith("file://"):
        path = Path(backend.removeprefix("file://")) / ".pulumi" / "stacks" / project.pulumi_name
        path = path / f"{engine.site.name}.json"
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
