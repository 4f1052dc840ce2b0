"""Registers definitions with an API server: many at once, none twice, and waits until all are served."""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from yiyun.crds.form import DIGEST, UNCHECKED, digest, open_schema, to_bytes
from yiyun.crds.model import Kind
from yiyun.crds.sources import Found
from yiyun.errors import UserError
from yiyun.lab.api import FIELD_MANAGER, Api, ApiError, Unreachable, in_parallel

PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
QUERY = f"?fieldManager={FIELD_MANAGER}"
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
SERVED_SECONDS = 60.0
PROBE = "noDefinitionKnowsThis"


@dataclass(frozen=True)
class Registered:
    """What a registration did, as names of definitions."""

    created: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    unchecked: tuple[str, ...]
    """Those with an open schema, old and new ones."""


def register(api: Api, kinds: Iterable[Kind], found: Mapping[str, Found]) -> Registered:
    """Create or replace the definitions of `kinds`; those that `found` lacks get an open schema.

    A definition that is registered with a real schema keeps it when no source answers this time. Definitions that the
    lock does not name are left alone: deleting one deletes all its objects.
    """
    items = api.get(PATH, accept=METADATA_ONLY)["items"] or ()
    there = {item["metadata"]["name"]: item["metadata"] for item in items}
    created, changed, unchanged, unchecked = [], [], [], []
    work: list[tuple[str, dict[str, Any]]] = []
    for kind in kinds:
        name = kind.name
        annotations = there.get(name, {}).get("annotations") or {}
        if annotations.get(DIGEST) == kind.sha256:
            unchanged.append(name)
            continue
        if name in found:
            definition = json.loads(found[name].data)
            fingerprint = kind.sha256
        else:
            definition = open_schema(kind)
            fingerprint = digest(to_bytes(definition))
            unchecked.append(name)
        if annotations.get(DIGEST) == fingerprint:
            unchanged.append(name)
            continue
        definition["metadata"].setdefault("annotations", {})[DIGEST] = fingerprint
        if name in there:
            definition["metadata"]["resourceVersion"] = there[name]["resourceVersion"]
            work.append(("PUT", definition))
            changed.append(name)
        else:
            work.append(("POST", definition))
            created.append(name)
    work.sort(key=lambda each: -len(each[1]["spec"]["versions"]))
    in_parallel(lambda each: _write(api, *each), work)
    return Registered(tuple(created), tuple(changed), tuple(unchanged), tuple(unchecked))


def _write(api: Api, method: str, definition: dict[str, Any]) -> None:
    path = PATH if method == "POST" else f"{PATH}/{definition['metadata']['name']}"
    try:
        api.request(method, path + QUERY, definition, timeout=60.0)
    except ApiError as error:
        raise UserError(f"the API server refuses the definition of crds.lock: {error}") from error


def wait_changed(api: Api, kinds: Iterable[Kind], registered: Registered) -> None:
    """Wait until the real definitions that replaced others are in force: the server takes them up some time later.

    Each is tried with a dry run of an object with a field that none knows. Raises UserError after 60 s.
    """
    real = set(registered.changed) - set(registered.unchecked)
    for kind in (kind for kind in kinds if kind.name in real):
        version = next(version.name for version in kind.versions if version.served)
        home = "namespaces/default/" if kind.scope == "Namespaced" else ""
        path = f"/apis/{kind.group}/{version}/{home}{kind.plural}?dryRun=All&fieldValidation=Strict"
        body = {"apiVersion": f"{kind.group}/{version}", "kind": kind.kind, "metadata": {"name": "probe"}, PROBE: True}
        deadline = time.monotonic() + SERVED_SECONDS
        while not _refuses_field(api, path, body):
            if time.monotonic() > deadline:
                raise UserError(f"the API server still checks {kind.name} by an earlier definition: run again")
            time.sleep(0.1)


def _refuses_field(api: Api, path: str, body: dict[str, Any]) -> bool:
    try:
        api.request("POST", path, body)
    except ApiError as error:
        return PROBE in str(error)
    return False


def wait_served(api: Api, kinds: Iterable[Kind]) -> None:
    """Wait until the API server serves every version that it should. Raises UserError after 60 s, naming the kinds."""
    wanted = {(kind.group, version.name, kind.plural) for kind in kinds for version in kind.versions if version.served}
    deadline = time.monotonic() + SERVED_SECONDS
    while missing := wanted - _served(api):
        if time.monotonic() > deadline:
            names = ", ".join(sorted({f"{plural}.{group}" for group, _, plural in missing}))
            raise UserError(f"the API server does not serve after {SERVED_SECONDS:.0f} s: {names}")
        time.sleep(0.1)


def _served(api: Api) -> set[tuple[str, str, str]]:
    try:
        groups = api.get("/apis", accept=DISCOVERY)["items"]
    except (ApiError, Unreachable):
        return set()
    return {
        (group["metadata"]["name"], version["version"], resource["resource"])
        for group in groups
        for version in group.get("versions", ())
        for resource in version.get("resources", ())
    }


def unchecked_names(api: Api) -> set[str]:
    """Names of the definitions that stand with an open schema on the server."""
    query = f"?labelSelector={UNCHECKED}%3Dtrue"
    return {item["metadata"]["name"] for item in api.get(PATH + query, accept=METADATA_ONLY)["items"] or ()}
