"""Objects for the comparison of the gate with an API server: the rules' own cases, and what comes of them by change.

Every change takes what stands at the same field of another case, or takes the field away: most of what comes out is an
object that somebody could have written.
"""

import copy
import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path as FilePath
from typing import Any

import rule_cases

from yiyun.compliance.facts import make_object
from yiyun.compliance.pods import POD_PATHS
from yiyun.compliance.rule import Rule
from yiyun.evidence.manifests import load

Path = tuple[str | int, ...]
SEED = 20261128
CHANGES = 1
"""Changed objects per case."""
MORE = FilePath(__file__).with_suffix(".yaml")
GROUPS = {"": "v1", "apps": "apps/v1", "batch": "batch/v1"}
CONTAINERS = ("containers", "initContainers")
WORDS: dict[str, tuple[Any, ...]] = {
    "privileged": (True, False),
    "allowPrivilegeEscalation": (True, False),
    "runAsNonRoot": (True, False),
    "runAsUser": (0, 1, 10001),
    "hostPort": (0, 8080),
    "procMount": ("Default", "Unmasked"),
    "cidr": ("0.0.0.0/0", "128.0.0.0/1", "198.18.0.0/15", "::/0", "2001:db8::/32", "198.18.0.1/32"),
    "remoteAddress": (
        "0.0.0.0/0",
        "198.18.0.1",
        "::/1",
        "0.0.0.0/0.0.0.0",
        "any",
        "::ffff:10.0.0.0/96",
        "198.18.0.0/08",
    ),
    "image": ("a", "a:latest", "h:5000/a", "a@sha256:" + "0" * 64, "a:1@sha256:" + "0" * 64, "h:5000/a:1", "a:1@"),
}
"""Field -> what else may stand there, beside what the cases have."""


def of(rules: Iterable[Rule]) -> list[dict[str, Any]]:
    """All objects of the cases of these rules, of kinds that one of them judges, each once."""
    kinds = {kind for rule in rules for kind in rule.kinds}
    found: dict[str, dict[str, Any]] = {}
    for rule in rules:
        for file in (*sorted((rule_cases.CASES / rule.id).glob("*.yaml")), MORE):
            for item in load([file]).objects:
                if make_object(item.data).id in kinds:
                    if item.data["kind"] == "Namespace":  # one that is there cannot be created
                        item.data["metadata"]["name"] = f"case-{len(found)}"
                    found[json.dumps(item.data, sort_keys=True)] = item.data
    return list(found.values())


def changed(objects: list[dict[str, Any]], changes: int = CHANGES) -> list[dict[str, Any]]:
    """Each without its `spec`, and `changes` more objects for each one, the same ones at every call."""
    dice = random.Random(SEED)  # noqa: S311  # no secret
    pool: dict[str, list[Any]] = {key: list(values) for key, values in WORDS.items()}
    for obj in objects:
        for path, value in values_in(obj):
            pool.setdefault(str(path[-1]), []).append(value)
    bare = [{key: value for key, value in obj.items() if key != "spec"} for obj in objects if "spec" in obj]
    return bare + [_change(obj, pool, dice) for obj in objects for _ in range(changes)]


def _change(obj: dict[str, Any], pool: dict[str, list[Any]], dice: random.Random) -> dict[str, Any]:
    made = copy.deepcopy(obj)
    for _ in range(dice.choice((1, 1, 2, 3))):
        places = [path for path, _ in values_in(made) if path[0] not in ("apiVersion", "kind", "metadata")]
        if not places:
            break
        path = dice.choice(places)
        holder: Any = made
        for key in path[:-1]:
            holder = holder[key]
        if dice.random() < 0.35:
            del holder[path[-1]]
        elif isinstance(path[-1], int):
            holder.append(copy.deepcopy(dice.choice(pool[str(path[-1])])))
        elif dice.random() < 0.1:
            holder[path[-1]] = None
        else:
            holder[path[-1]] = copy.deepcopy(dice.choice(pool[path[-1]]))
    return made


def values_in(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value inside a value, with its path."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key), inner
        yield from values_in(inner, (*path, key))


def in_every_kind(obj: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The pod of an object of POD_KINDS in each other kind that has one, and its first container as an init container."""
    kind = make_object(obj).id
    if kind not in POD_PATHS:
        return
    pod: Any = obj
    for key in POD_PATHS[kind].split("."):
        pod = pod.get(key, {})
    if not pod.get("containers"):
        return
    for wanted in POD_PATHS:
        group, _, name = wanted.rpartition("/")
        if group not in GROUPS:
            continue
        for place in CONTAINERS:
            spec = copy.deepcopy(pod)
            if place == "initContainers":
                moved = {**spec["containers"][0], "name": "moved"}
                for serving_only in ("readinessProbe", "livenessProbe"):
                    moved.pop(serving_only, None)
                spec["initContainers"] = [moved]
                spec["containers"] = [{"name": "good", "image": "registry.lab.yiyun.example/x:1"}]
            yield _around(GROUPS[group], name, POD_PATHS[wanted].split("."), spec)


def _around(version: str, kind: str, path: list[str], pod: dict[str, Any]) -> dict[str, Any]:
    labels = {"app": "x"}
    made: dict[str, Any] = {"apiVersion": version, "kind": kind, "metadata": {"name": "x", "namespace": "hosp-a"}}
    holder = made
    for key in path[:-1]:
        holder = holder.setdefault(key, {})
    holder[path[-1]] = pod
    if kind in ("Job", "CronJob"):
        pod["restartPolicy"] = "Never"
    if "template" in path:
        holder.setdefault("metadata", {})["labels"] = labels
    if kind == "CronJob":
        made["spec"]["schedule"] = "0 3 * * *"
    elif kind == "ReplicationController":
        made["spec"]["selector"] = labels
    elif version == "apps/v1":
        made["spec"]["selector"] = {"matchLabels": labels}
        if kind == "StatefulSet":
            made["spec"]["serviceName"] = "x"
    return made
