"""`down`: deletes what the stacks made, in reverse order, and leaves what holds data (design decision 11)."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from yiyun.errors import UserError
from yiyun.evidence.api_server import ApiError, ApiServer
from yiyun.operations import environment, lock
from yiyun.operations.engine import Engine, Preview, Step
from yiyun.operations.gate import ready
from yiyun.operations.projects import Project, projects
from yiyun.operations.recovery import recover
from yiyun.site import Site

Report = Callable[[str], None]
ABSENT_WITHIN = 60.0
"""Seconds until a deleted object must be gone from the server."""


def take_down(site: Site, consent: Callable[[Mapping[str, Preview]], None], report: Report) -> list[str]:
    """Delete every object of every stack that holds no data; return the keys of what was kept."""
    with lock.hold(site, "down"):
        ready(site, report)
        engine = Engine(site)
        recover(site, engine, ApiServer(environment.kubeconfig(site)), projects().values(), report)
        plan = {name: _plan(engine, project) for name, project in reversed(projects().items())}
        doomed = {name: preview for name, preview in plan.items() if preview.changes}
        if doomed:
            consent(doomed)
        for name, preview in doomed.items():
            args = ["destroy", "--yes", "--skip-preview", "--exclude-protected", "--suppress-outputs"]
            report(f"{name}: {' '.join(engine.command(preview.project, *args))}")
            log = site.state_dir / "logs" / f"down-{name}.log"
            engine.follow(preview.project, args, len(preview.changes), report, log)
        return [step.key for preview in plan.values() for step in preview.kept]


def _plan(engine: Engine, project: Project) -> Preview:
    steps = [_step(resource) for resource in state_of(engine, project)]
    kept = tuple(step for step in steps if step.protected)
    return Preview(project, environment.config_file(engine.site, project.name), tuple(s for s in steps if not s.protected), kept)


def state_of(engine: Engine, project: Project) -> list[dict[str, Any]]:
    """The Kubernetes objects in the state of one stack."""
    resources = engine.export(project).get("deployment", {}).get("resources") or ()
    return [r for r in resources if str(r["type"]).startswith("kubernetes:") and not r.get("delete")]


def _step(resource: Mapping[str, Any]) -> Step:
    return Step("delete", resource["urn"], resource["inputs"], protected=bool(resource.get("protect")))


def delete_data(site: Site, name: str, report: Report) -> None:
    """Delete for good the one object called `name` that holds data, and verify that the server has it no more.

    `name` is `Kind/namespace/name` as `down` prints it, or the bare name where it is the only one. Raises UserError
    when no object, or more than one, is called so, or when it is still there after a minute.
    """
    with lock.hold(site, f"down --confirm {name}"):
        ready(site, report)
        engine = Engine(site)
        api = ApiServer(environment.kubeconfig(site))
        recover(site, engine, api, projects().values(), report)
        found = [(p, s) for p in projects().values() for s in map(_step, state_of(engine, p)) if s.protected]
        chosen = [(p, s) for p, s in found if s.key == name] or [(p, s) for p, s in found if s.key.endswith(f"/{name}")]
        if len(chosen) != 1:
            known = "\n".join(f"  {s.key}" for _, s in (chosen or found))
            raise UserError(f"--confirm {name}: {len(chosen)} objects that hold data are called so; there are\n{known}")
        project, step = chosen[0]
        report(f"{step.key}: last backup: {_last_backup(api, step)}")
        _delete(api, step)
        report(f"{step.key}: deleted, the server has it no more")
        log = site.state_dir / "logs" / f"down-{project.name}.log"
        engine.follow(project, ["refresh", "--yes", "--skip-preview", f"--target={step.urn}"], 1, report, log)
        report(f"{step.key}: removed from the state of {project.name}; take it out of {site.path / 'site.yaml'} too")


def _delete(api: ApiServer, step: Step) -> None:
    kind = api.kind(step.manifest["apiVersion"], step.manifest["kind"])
    if kind is None:
        raise UserError(f"{step.key}: the API server does not serve its kind any more; nothing was deleted")
    metadata = step.manifest["metadata"]
    body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground"}
    try:
        api.request("DELETE", kind.path(metadata.get("namespace"), metadata["name"]), body)
    except ApiError as error:
        if error.status != 404:
            raise UserError(f"{step.key} was not deleted: {error.message}") from error
    deadline = time.monotonic() + ABSENT_WITHIN
    while (live := api.get(step.manifest)) is not None:
        if time.monotonic() > deadline:
            finalizers = ", ".join(live["metadata"].get("finalizers", ())) or "none"
            raise UserError(f"{step.key} is still there after {ABSENT_WITHIN:.0f} s (finalizers: {finalizers}); run again")
        time.sleep(0.5)


def _last_backup(api: ApiServer, step: Step) -> str:
    """The newest completed Velero backup of the object's namespace, in words."""
    kind = api.kind("velero.io/v1", "Backup")
    namespace = step.manifest["metadata"].get("namespace")
    items = api.request("GET", kind.path("velero")).get("items", []) if kind else []
    done = [
        (str(b["status"].get("completionTimestamp", "")), b["metadata"]["name"])
        for b in items
        if b.get("status", {}).get("phase") == "Completed" and namespace in (b["spec"].get("includedNamespaces") or [namespace])
    ]
    return "{1} of {0}".format(*max(done)) if done else "none is recorded in this cluster"
