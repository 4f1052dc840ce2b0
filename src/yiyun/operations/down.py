"""`down`: deletes what the stacks made, in reverse order, and leaves what holds data (design decision 11)."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from yiyun.errors import UserError
from yiyun.evidence.api_server import ApiError, ApiServer
from yiyun.operations import environment, lock, managed_fields
from yiyun.operations.drift import compare
from yiyun.operations.engine import Preview, Step
from yiyun.operations.projects import Project, projects
from yiyun.operations.recovery import recover
from yiyun.operations.schedule import run_in_order
from yiyun.operations.watch import connected
from yiyun.site import Site

Report = Callable[[str], None]
ABSENT_WITHIN = 60.0
"""Seconds until a deleted object must be gone from the server."""
GUARDS = frozenset({"NetworkPolicy", "ResourceQuota", "LimitRange"})
"""Kinds that stay in a namespace that stays: what still runs in it must not lose its guard."""
CLASSES = frozenset({"StorageClass", "VolumeAttributesClass"})
"""Kinds that stay while something that holds data names them; Kubernetes itself holds the latter back."""


@dataclass(frozen=True)
class Remainder:
    """What a `down` left, as keys."""

    holds_data: tuple[str, ...]
    needed: tuple[str, ...]
    """Holds no data, but guards what does, is named by it, or was made before it because it needs it."""
    deleted: int


def take_down(site: Site, consent: Callable[[Mapping[str, Preview]], None], report: Report) -> Remainder:
    """Delete every object of every stack, except what holds data and what that needs.

    Raises UserError when an object in the state is somebody else's by now; nothing was deleted then.
    """
    with lock.hold(site, "down"), connected(site, report) as (engine, api):
        recover(site, engine, api, projects().values(), report)
        objects = {name: engine.objects(project) for name, project in projects().items()}
        written = {name: [_step(resource) for resource in resources] for name, resources in objects.items()}
        data = [step for steps in written.values() for step in steps if step.protected]
        needed = {step.urn for steps in written.values() for step in steps if _is_needed(step, data)}
        needed |= _dependencies([r for resources in objects.values() for r in resources], data)
        doomed = {
            name: Preview(projects()[name], environment.config_file(site, name), tuple(going))
            for name, steps in reversed(written.items())
            if (going := [step for step in steps if not step.protected and step.urn not in needed])
        }
        _refuse_strangers(api, site, doomed.values())
        if doomed:
            consent(doomed)

        def destroy(name: str) -> None:
            preview = doomed[name]
            args = ["destroy", "--yes", "--skip-preview", "--exclude-protected", "--suppress-outputs"]
            excludes = [f"--exclude={step.urn}" for step in written[name] if step.urn in needed]
            also = f" (and --exclude for {len(excludes)} objects that stay)" if excludes else ""
            report(f"{name}: {' '.join(engine.command(preview.project, *args))}{also}")
            args += excludes
            engine.follow(
                preview.project, args, len(preview.changes), report, site.state_dir / "logs" / f"down-{name}.log"
            )

        run_in_order(doomed, _after_each(projects()), destroy)
        for step in (s for preview in doomed.values() for s in preview.steps if s.manifest["kind"] == "Namespace"):
            _wait_until_gone(api, step)  # pulumi does not wait for these, and an up at once could not fill them
        return Remainder(
            tuple(step.key for step in data),
            tuple(step.key for steps in written.values() for step in steps if step.urn in needed),
            sum(len(preview.changes) for preview in doomed.values()),
        )


def _after_each(known: Mapping[str, Project]) -> dict[str, list[str]]:
    """The stacks that come right after each stack in an up, and so before it in a down."""
    return {name: [other.name for other in known.values() if name in other.after] for name in known}


def _step(resource: Mapping[str, Any]) -> Step:
    return Step("delete", resource["urn"], resource["inputs"], protected=bool(resource.get("protect")))


def _is_needed(step: Step, data: Iterable[Step]) -> bool:
    kind, metadata = step.manifest["kind"], step.manifest["metadata"]
    if step.protected:
        return False
    if kind in GUARDS:
        return any(d.manifest["kind"] == "Namespace" and _name(d) == metadata.get("namespace") for d in data)
    return kind in CLASSES and any(metadata["name"] in _texts(d.manifest) for d in data)


def _dependencies(resources: Iterable[Mapping[str, Any]], data: Iterable[Step]) -> set[str]:
    """URNs of all that what holds data depends on, in one step or many; pulumi does not delete these either."""
    known = {str(resource["urn"]): resource for resource in resources}
    kept = {step.urn for step in data}
    found: set[str] = set()
    new = set(kept)
    while new:
        found |= new
        new = {urn for one in new for urn in known[one].get("dependencies") or () if urn in known} - found
    return found - kept


def _name(step: Step) -> str:
    return str(step.manifest["metadata"]["name"])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item)


def _refuse_strangers(api: ApiServer, site: Site, doomed: Iterable[Preview]) -> None:
    manifests = [step.manifest for preview in doomed for step in preview.steps]
    strangers = [drift for drift in compare(api, site, manifests) if drift.stranger]
    if strangers:
        lines = "\n".join(f"  {drift.key}: deleted, and made again by {drift.stranger}" for drift in strangers)
        raise UserError(
            f"nothing was deleted; {len(strangers)} objects are somebody else's by now:\n{lines}\n"
            "delete them yourself, or take them over with  ./yiyun import KIND NAME"
        )


def delete_data(site: Site, name: str, report: Report) -> None:
    """Delete for good the one object called `name` that holds data, and verify that the server has it no more.

    `name` is `Kind/namespace/name` as `down` prints it, or the bare name where it is the only one. Raises UserError
    when no object, or more than one, is called so, when it is a namespace that still holds data, when somebody else
    made it, or when it is still there after a minute.
    """
    with lock.hold(site, f"down --confirm {name}"), connected(site, report) as (engine, api):
        recover(site, engine, api, projects().values(), report)
        found = [(p, s) for p in projects().values() for s in map(_step, engine.objects(p)) if s.protected]
        chosen = [(p, s) for p, s in found if s.key == name] or [(p, s) for p, s in found if _name(s) == name]
        if len(chosen) != 1:
            known = "\n".join(f"  {s.key}" for _, s in (chosen or found)) or "  none"
            raise UserError(f"--confirm {name}: {len(chosen)} objects that hold data are called so; there are\n{known}")
        project, step = chosen[0]
        _refuse_full_namespace(api, step, [s for _, s in found])
        report(f"{step.key}: last backup: {_last_backup(api, step)}")
        _delete(api, step)
        report(f"{step.key}: deleted, the server has it no more")
        log = site.state_dir / "logs" / f"down-{project.name}.log"
        engine.follow(project, ["refresh", "--yes", "--skip-preview", f"--target={step.urn}"], 1, report, log)
        report(f"{step.key}: removed from the state of {project.name}")


def _refuse_full_namespace(api: ApiServer, step: Step, data: Iterable[Step]) -> None:
    """Deleting a namespace deletes all that is in it: it must be empty of data, also of what operators made."""
    if step.manifest["kind"] != "Namespace":
        return
    inside = [s.key for s in data if s.manifest["metadata"].get("namespace") == _name(step)]
    claims = api.request("GET", f"/api/v1/namespaces/{_name(step)}/persistentvolumeclaims").get("items", ())
    inside += [f"PersistentVolumeClaim/{_name(step)}/{claim['metadata']['name']}" for claim in claims]
    if inside:
        listed = "\n".join(f"  {key}" for key in dict.fromkeys(inside))
        raise UserError(f"{step.key} would be deleted with all data in it; delete first, each by its name\n{listed}")


def _delete(api: ApiServer, step: Step) -> None:
    kind = api.kind(step.manifest["apiVersion"], step.manifest["kind"])
    if kind is None:
        raise UserError(f"{step.key}: the API server does not serve its kind any more; nothing was deleted")
    live = api.get(step.manifest)
    if live is not None and not managed_fields.is_written_by_us(live):
        raise UserError(f"{step.key} was made by {managed_fields.managers(live)}, not by yiyun; nothing was deleted")
    metadata = step.manifest["metadata"]
    body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
    try:
        api.request("DELETE", kind.path(metadata.get("namespace"), metadata["name"]), body)
    except ApiError as error:
        if error.status != 404:
            raise UserError(f"{step.key} was not deleted: {error.message}") from error
    _wait_until_gone(api, step)


def _wait_until_gone(api: ApiServer, step: Step) -> None:
    deadline = time.monotonic() + ABSENT_WITHIN
    while (live := api.get(step.manifest)) is not None:
        if time.monotonic() > deadline:
            finalizers = ", ".join(live["metadata"].get("finalizers", ())) or "none"
            raise UserError(
                f"{step.key} is still there after {ABSENT_WITHIN:.0f} s (finalizers: {finalizers}); run again"
            )
        time.sleep(0.5)


def _last_backup(api: ApiServer, step: Step) -> str:
    """The newest completed Velero backup of the object's namespace, in words."""
    kind = api.kind("velero.io/v1", "Backup")
    namespace = step.manifest["metadata"].get("namespace")
    items = api.request("GET", kind.path("velero")).get("items", []) if kind else []
    done = [
        (str(b["status"].get("completionTimestamp", "")), b["metadata"]["name"])
        for b in items
        if b.get("status", {}).get("phase") == "Completed"
        and namespace in (b["spec"].get("includedNamespaces") or [namespace])
    ]
    return "{1} of {0}".format(*max(done)) if done else "none is recorded in this cluster"
