"""Puts definitions into an empty etcd before its API server starts for the first time.

Sending 109 definitions to a running API server makes it write each one three times and rebuild what it derives from
them after each: 12 s and 500 MB on two cores. Found at its start they cost 1 s. What is written is what an API
server would have stored: a definition with the locked hash, its names accepted, established. The API server's own
controllers check names and schema again when they start, and `register` compares the hashes as ever.
"""

import base64
import datetime as dt
import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from yiyun.crds.form import DIGEST
from yiyun.crds.model import Kind
from yiyun.crds.sources import Found
from yiyun.lab.api import Api, in_parallel

PREFIX = "/registry/apiextensions.k8s.io/customresourcedefinitions/"


def is_empty(etcd: Api) -> bool:
    """Whether etcd holds no definition at all."""
    wanted = {"key": _base64(PREFIX), "range_end": _base64(PREFIX[:-1] + "0"), "count_only": True}
    return int(etcd.request("POST", "/v3/kv/range", wanted).get("count", "0")) == 0


def seed(etcd: Api, kinds: Iterable[Kind], found: Mapping[str, Found]) -> int:
    """Write the definitions that `found` holds; returns how many. For an etcd that `is_empty`, with no API server."""
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    known = [kind for kind in kinds if kind.name in found]
    in_parallel(
        lambda kind: _put(etcd, PREFIX + kind.name, stored(kind, json.loads(found[kind.name].data), now)), known
    )
    return len(known)


def stored(kind: Kind, definition: dict[str, Any], now: str) -> dict[str, Any]:
    """A definition as an API server stores it once it is established. `now`: UTC, RFC 3339."""
    metadata = definition["metadata"]
    names = {"listKind": f"{kind.kind}List", "singular": kind.singular, **definition["spec"]["names"]}
    return {
        **definition,
        "metadata": {
            **metadata,
            "annotations": {**metadata.get("annotations", {}), DIGEST: kind.sha256},
            "uid": str(uuid.uuid4()),
            "generation": 1,
            "creationTimestamp": now,
        },
        "spec": {"conversion": {"strategy": "None"}, **definition["spec"], "names": names},
        "status": {
            "acceptedNames": names,
            "storedVersions": [version.name for version in kind.versions if version.storage],
            "conditions": _conditions(metadata.get("annotations", {}), now),
        },
    }


def _conditions(annotations: Mapping[str, str], now: str) -> list[dict[str, str]]:
    conditions = [
        _condition("NamesAccepted", "NoConflicts", "no conflicts found", now),
        _condition("Established", "InitialNamesAccepted", "the initial names have been accepted", now),
    ]
    approval = annotations.get("api-approved.kubernetes.io", "")
    if approval.startswith("https://"):
        text = f"approved in {approval}"
        conditions.append(_condition("KubernetesAPIApprovalPolicyConformant", "ApprovedAnnotation", text, now))
    return conditions


def _condition(kind: str, reason: str, message: str, now: str) -> dict[str, str]:
    return {"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": now}


def _put(etcd: Api, key: str, value: object) -> None:
    text = json.dumps(value, separators=(",", ":"))
    etcd.request("POST", "/v3/kv/put", {"key": _base64(key), "value": _base64(text)})


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
