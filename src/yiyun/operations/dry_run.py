"""Asks the API server, strictly, whether it would take every object of a plan, before anything is written."""

import secrets
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from yiyun.components.kubernetes import FIELD_MANAGER, key
from yiyun.errors import UserError
from yiyun.evidence.api_server import ApiError, ApiServer
from yiyun.operations.engine import Step
from yiyun.operations.managed_fields import managers
from yiyun.operations.recovery import SCRATCH, is_ours
from yiyun.site import Site

STRICT = {"fieldValidation": "Strict", "fieldManager": FIELD_MANAGER, "force": "true"}
WORKERS = 8


@dataclass(frozen=True)
class Refusal:
    """One object that cannot be written, and why."""

    key: str
    reason: str
    foreign: bool = False
    """Somebody else made the object that stands there."""


def apply(api: ApiServer, manifest: Mapping[str, Any], *, dry_run: bool) -> dict[str, Any]:
    """Apply one object as yiyun and return it as the server has it then. Raises ApiError when it refuses."""
    kind = api.kind(manifest["apiVersion"], manifest["kind"])
    if kind is None:
        message = f"the API server does not serve {manifest['apiVersion']} {manifest['kind']}"
        raise ApiError(404, {"message": message})
    metadata = manifest["metadata"]
    query = STRICT | ({"dryRun": "All"} if dry_run else {})
    path = kind.path(metadata.get("namespace"), metadata["name"])
    return api.request("PATCH", path, manifest, query, "application/apply-patch+yaml")


def check(api: ApiServer, site: Site, steps: Iterable[Step], adopt: frozenset[str]) -> list[Refusal]:
    """Dry-run every object that `steps` would write, with strict field validation, and return the refusals.

    An object that would be created is also refused when one of its name exists that yiyun did not write for this
    site, unless `adopt` has its key, or `*`; one that holds data is never replaced. Objects of namespaces that the same
    steps create are tried in a scratch namespace with the same labels, which is deleted afterwards.
    """
    written = [step for step in steps if step.operation in {"create", "update", "replace"}]
    creates = [step.manifest for step in written if step.operation == "create"]
    new = {m["metadata"]["name"]: m for m in creates if m["kind"] == "Namespace" and api.get(m) is None}
    scratch = _scratch(api, new, [step.manifest for step in written])
    try:
        with ThreadPoolExecutor(max_workers=WORKERS) as workers:
            foreign = [workers.submit(_foreign, api, site, manifest, adopt) for manifest in creates]
            tried = [workers.submit(_try, api, step, scratch) for step in written]
            try:
                return [refusal for asked in (*foreign, *tried) if (refusal := asked.result())]
            except UserError:
                workers.shutdown(cancel_futures=True)
                raise
    finally:
        for name in scratch.values():
            api.request("DELETE", f"/api/v1/namespaces/{name}")


def check_fields(api: ApiServer, steps: Iterable[Step]) -> list[tuple[Step, str]]:
    """Dry-run every object without making a namespace for the trial; return what is refused, and why.

    An object whose namespace is not there yet has its fields checked, but not its admission: the server looks at the
    fields first.
    """

    def one(step: Step) -> tuple[Step, str] | None:
        refusal = _try(api, step, {})
        namespace = step.manifest["metadata"].get("namespace")
        missing = f'namespaces "{namespace}" not found'
        return None if refusal is None or (namespace and refusal.reason == missing) else (step, refusal.reason)

    with ThreadPoolExecutor(max_workers=WORKERS) as workers:
        return [refused for refused in workers.map(one, steps) if refused]


def is_named(object_key: str, adopt: frozenset[str]) -> bool:
    """Whether the user said that this object may be taken over."""
    return object_key in adopt or "*" in adopt


def _scratch(api: ApiServer, new: dict[str, dict[str, Any]], objects: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Make one scratch namespace per new namespace that some object lies in; return real name to scratch name."""
    used = {m["metadata"].get("namespace") for m in objects} & new.keys()
    made: dict[str, str] = {}
    for name in sorted(used):
        scratch = f"yiyun-dry-run-{secrets.token_hex(4)}"
        labels = {**new[name]["metadata"].get("labels", {}), SCRATCH: "true"}
        api.request("POST", "/api/v1/namespaces", {"metadata": {"name": scratch, "labels": labels}})
        made[name] = scratch
    return made


def _foreign(api: ApiServer, site: Site, manifest: dict[str, Any], adopt: frozenset[str]) -> Refusal | None:
    if is_named(key(manifest), adopt):
        return None
    live = api.get(manifest)
    if live is None or is_ours(live, site):
        return None
    return Refusal(key(manifest), f"exists already and was made by {managers(live)}", foreign=True)


def _try(api: ApiServer, step: Step, scratch: Mapping[str, str]) -> Refusal | None:
    """Dry-run one object. What will be replaced is tried under another name: in place its change is refused."""
    metadata = dict(step.manifest["metadata"])
    if metadata.get("namespace") in scratch:
        metadata["namespace"] = scratch[metadata["namespace"]]
    if step.operation == "replace":
        if step.protected:
            fields = ", ".join(step.changed_paths) or "what changed"
            return Refusal(
                step.key, f"holds data, and {fields} cannot be changed in place: give the new one another name"
            )
        metadata["name"] = f"{metadata['name'][:200]}-{secrets.token_hex(4)}"
    try:
        apply(api, {**step.manifest, "metadata": metadata}, dry_run=True)
    except ApiError as error:
        if not error.is_refusal:
            raise
        return Refusal(step.key, error.message)
    return None


def refuse(refusals: list[Refusal], site: Site) -> None:
    """Raise UserError that lists the refusals, if there are any; nothing was written."""
    if not refusals:
        return
    foreign = [r for r in refusals if r.foreign]
    refused = [r for r in refusals if not r.foreign]
    lines = []
    if refused:
        lines.append(f"the API server would refuse {len(refused)} objects:")
        lines += [f"  {r.key}: {r.reason}" for r in refused]
    if foreign:
        lines.append(f"{len(foreign)} objects are somebody else's:")
        lines += [f"  {r.key}: {r.reason}" for r in foreign]
        first = foreign[0].key.split("/")
        place = f" -n {first[1]}" if len(first) > 2 else ""
        lines.append(
            f"rename yours in site.yaml; or take one over:  "
            f"./yiyun import {first[0]} {first[-1]}{place} --site {site.home or site.path}"
        )
    raise UserError("nothing was written; " + "\n".join(lines))
