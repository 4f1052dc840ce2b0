"""Asks the API server, strictly, whether it would take every object of a plan, before anything is written."""

import secrets
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from yiyun.components.kubernetes import FIELD_MANAGER, key
from yiyun.errors import UserError
from yiyun.evidence.api_server import ApiError, ApiServer
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


def check(
    api: ApiServer, site: Site, creates: list[dict[str, Any]], updates: list[dict[str, Any]], adopt: frozenset[str]
) -> list[Refusal]:
    """Dry-run every object with strict field validation and return the refusals.

    `creates` are also refused when an object of that name exists that yiyun did not write for this site, unless
    `adopt` has its key, or `*`. Objects of namespaces that the same plan creates are tried in a scratch namespace with the
    same labels, which is deleted afterwards.
    """
    new_namespaces = {
        m["metadata"]["name"]: m
        for m in creates
        if m["kind"] == "Namespace"
        and api.get({"apiVersion": "v1", "kind": "Namespace", "metadata": m["metadata"]}) is None
    }
    scratch = _scratch(api, new_namespaces, [*creates, *updates])
    try:
        with ThreadPoolExecutor(max_workers=WORKERS) as workers:
            foreign = workers.map(lambda m: _foreign(api, site, m, adopt), creates)
            tried = workers.map(lambda m: _try(api, m, scratch), [*creates, *updates])
            return [refusal for refusal in [*foreign, *tried] if refusal]
    finally:
        for name in scratch.values():
            api.request("DELETE", f"/api/v1/namespaces/{name}")


def check_fields(api: ApiServer, manifests: Iterable[dict[str, Any]]) -> list[Refusal]:
    """Dry-run every object without making a namespace for the trial, and return the refusals.

    An object whose namespace is not there yet has its fields checked, but not its admission: the server looks at the
    fields first.
    """

    def one(manifest: dict[str, Any]) -> Refusal | None:
        refusal = _try(api, manifest, {})
        namespace = manifest["metadata"].get("namespace")
        missing = f'namespaces "{namespace}" not found'
        return None if refusal and namespace and refusal.reason == missing else refusal

    with ThreadPoolExecutor(max_workers=WORKERS) as workers:
        return [refusal for refusal in workers.map(one, manifests) if refusal]


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


def _try(api: ApiServer, manifest: dict[str, Any], scratch: dict[str, str]) -> Refusal | None:
    metadata = dict(manifest["metadata"])
    if metadata.get("namespace") in scratch:
        metadata["namespace"] = scratch[metadata["namespace"]]
    try:
        apply(api, {**manifest, "metadata": metadata}, dry_run=True)
    except ApiError as error:
        return Refusal(key(manifest), error.message)
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
