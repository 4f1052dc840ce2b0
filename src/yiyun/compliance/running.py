"""Judges what runs on a cluster: kinds are asked for as rules want them, and one that cannot be read is never a pass."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from yiyun.compliance.engine import Dispatcher
from yiyun.compliance.facts import Object, Unevaluated
from yiyun.compliance.model import Resource, State, Verdict
from yiyun.compliance.pods import HELD
from yiyun.compliance.rule import Rule
from yiyun.compliance.world import Source, World

if TYPE_CHECKING:
    from yiyun.site import Site

NEVER_READ = frozenset({"Secret"})
"""Kinds that no audit asks a server for, whoever runs it. Their rules judge what is written: stacks and manifests."""


def kinds(rules: Iterable[Rule]) -> tuple[str, ...]:
    """Kinds that the rules judge on a running cluster, each once.

    Kinds that hold pods are not asked for: the pods that controllers made of them are there.
    """
    left_out = {*NEVER_READ, HELD}
    return tuple(dict.fromkeys(kind for rule in rules for kind in rule.kinds if kind not in left_out))


def judge_running(rules: Sequence[Rule], source: Source, site: "Site | None" = None) -> tuple[list[Verdict], int]:
    """Verdicts of the rules on all objects of their kinds, and how many objects there were.

    A kind that the source cannot give has one verdict per rule, not evaluated. What an object says word for word as
    the object that controls it (a Pod and its ReplicaSet, a ReplicaSet and its Deployment) is said there only.
    """
    world = World((), site, source)
    dispatcher = Dispatcher(rules, site)
    objects: list[Object] = []
    verdicts: list[Verdict] = []
    for kind in kinds(rules):
        try:
            objects += world.all(kind)
        except Unevaluated as error:
            verdicts += _unread(rules, kind, str(error))
    judged: list[tuple[Object, list[Verdict]]] = []
    for obj in objects:
        found: list[Verdict] = []
        dispatcher.judge(obj, world, found)
        judged.append((obj, found))
    verdicts += _without_echoes(judged)
    return verdicts, len(objects)


def not_judged(rules: Iterable[Rule], part: str, reason: str, site: "Site | None") -> list[Verdict]:
    """One verdict per rule on objects, not evaluated: nothing of a part of the audit could be read."""
    resource = Resource(site=site.name if site else "?", file=part)
    return [Verdict(rule.id, State.NOT_EVALUATED, resource, reason) for rule in rules]


def _unread(rules: Iterable[Rule], kind: str, reason: str) -> Iterator[Verdict]:
    group, slash, name = kind.rpartition("/")
    resource = Resource(api_version=f"{group}/*" if slash else "", kind=name)
    for rule in rules:
        if kind in rule.kinds:
            yield Verdict(rule.id, State.NOT_EVALUATED, resource, reason)


def _without_echoes(judged: Sequence[tuple[Object, list[Verdict]]]) -> Iterator[Verdict]:
    said = {
        uid: {(v.rule, v.state, v.message) for v in verdicts}
        for obj, verdicts in judged
        if (uid := _text(obj.data.get("metadata"), "uid"))
    }
    for obj, verdicts in judged:
        owner = said.get(_controller(obj), set())
        yield from (v for v in verdicts if (v.rule, v.state, v.message) not in owner)


def _controller(obj: Object) -> str:
    """Uid of the object that controls this one; empty where none does, or where that cannot be read."""
    metadata = obj.data.get("metadata")
    owners = metadata.get("ownerReferences") if isinstance(metadata, dict) else None
    for owner in owners if isinstance(owners, list) else ():
        if isinstance(owner, dict) and owner.get("controller") is True:
            return _text(owner, "uid")
    return ""


def _text(holder: Any, key: str) -> str:
    value = holder.get(key) if isinstance(holder, dict) else None
    return value if isinstance(value, str) else ""
