"""Asks the API server, strictly, whether it would take every object of a plan, before anything is written."""

import secrets
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from yiyun.components.kubernetes import FIELD_MANAGER, key
from yiyun.errors import UserError
from yiyun.evidence.api_server import ApiError, ApiServer
from yiyun.operations.recovery import is_ours
from yiyun.site import Site

STRICT = {"dryRun": "All", "fieldValidation": "Strict", "fieldManager": FIELD_MANAGER, "force": "true"}
WORKERS = 8


@dataclass(frozen=True)
class Refusal:
    """One object that cannot be written, and why."""

    key: str
    reason: str


def check(
    api: ApiServer, site: Site, creates: list[dict[str, Any]], updates: list[dict[str, Any]], adopt: frozenset[str]
) -> list[Refusal]:
    """Dry-run every object with strict field validation and return the refusals.

    `creates` are also refused when an object of that name exists that yiyun did not write for this site, unless its
    key is in `adopt`. Objects of namespaces that the same plan creates are tried in a scratch namespace with the
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


def _scratch(api: ApiServer, new: dict[str, dict[str, Any]], objects: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Make one scratch namespace per new namespace that some object lies in; return real name to scratch name."""
    used = {m["metadata"].get("namespace") for m in objects} & new.keys()
    made: dict[str, str] = {}
    for name in sorted(used):
        scratch = f"yiyun-dry-run-{secrets.token_hex(4)}"
        labels = {**new[name]["metadata"].get("labels", {}), "yiyun.io/scratch": "true"}
        api.request("POST", "/api/v1/namespaces", {"metadata": {"name": scratch, "labels": labels}})
        made[name] = scratch
    return made


def _foreign(api: ApiServer, site: Site, manifest: dict[str, Any], adopt: frozenset[str]) -> Refusal | None:
    if key(manifest) in adopt:
        return None
    live = api.get(manifest)
    if live is None or is_ours(live, site):
        return None
    managers = sorted({str(entry.get("manager")) for entry in live["metadata"].get("managedFields", ())})
    return Refusal(
        key(manifest),
        f"exists already and was made by {', '.join(managers) or 'somebody else'}: "
        f"compare it, then  ./yiyun import {manifest['kind']} {manifest['metadata']['name']}, or rename yours in site.yaml",
    )


def _try(api: ApiServer, manifest: dict[str, Any], scratch: dict[str, str]) -> Refusal | None:
    kind = api.kind(manifest["apiVersion"], manifest["kind"])
    if kind is None:
        return Refusal(key(manifest), f"the API server does not serve {manifest['apiVersion']} {manifest['kind']}")
    metadata = dict(manifest["metadata"])
    namespace = metadata.get("namespace")
    if namespace in scratch:
        metadata["namespace"] = namespace = scratch[namespace]
    body = {**manifest, "metadata": metadata}
    try:
        api.request("PATCH", kind.path(namespace, metadata["name"]), body, STRICT, "application/apply-patch+yaml")
    except ApiError as error:
        return Refusal(key(manifest), error.message)
    return None


def refuse(refusals: list[Refusal]) -> None:
    """Raise UserError that lists the refusals; nothing was written."""
    if refusals:
        lines = "\n".join(f"  {r.key}: {r.reason}" for r in refusals)
        raise UserError(f"the API server would refuse {len(refusals)} objects; nothing was written:\n{lines}")
