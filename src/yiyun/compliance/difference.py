"""What changed since an earlier audit: new findings, fixed ones, and those that are still open.

A finding is a verdict that needs somebody: fail, waived, not evaluated, manual. One counts as fixed only where the same
rule now passes on the same resource, or no longer concerns it. Where an object is no longer there, it is gone; where
nobody looked, the finding was not judged.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

from yiyun.compliance.engine import INPUT_READABLE, Result
from yiyun.compliance.model import Resource, State
from yiyun.compliance.report_json import SCHEMA
from yiyun.compliance.report_order import QUIET, STATE_ORDER
from yiyun.errors import UserError

Part = str
"""`cluster` or `stacks`."""
_FIELDS = {
    "apiVersion": "api_version",
    "kind": "kind",
    "namespace": "namespace",
    "name": "name",
    "urn": "urn",
    "host": "host",
    "site": "site",
    "file": "file",
}
"""Field of a finding's resource -> field of a Resource."""


class Change(NamedTuple):
    """One rule on one resource, then and now. None: there was no finding and no other verdict."""

    rule: str
    resource: Resource
    was: State | None
    now: State | None


@dataclass(frozen=True)
class Difference:
    """All findings of two audits, each in one place."""

    since: str
    """Directory of the earlier audit."""
    new: tuple[Change, ...]
    fixed: tuple[Change, ...]
    gone: tuple[Change, ...]
    still_open: tuple[Change, ...]
    not_judged: tuple[Change, ...]

    def lists(self) -> Iterator[tuple[str, tuple[Change, ...]]]:
        """Name and changes of each list, those that need somebody first."""
        for name in ("new", "still_open", "not_judged", "fixed", "gone"):
            yield name, getattr(self, name)


Identity = tuple[str, ...]
Findings = Mapping[Identity, tuple[str, Resource, State]]


def read_findings(path: Path) -> Findings:
    """The findings that an earlier audit kept. Raises UserError, beginning with `file:line`, for anything else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA:
            raise UserError(f"{path}:1: schema is {content['schema']!r}; this yiyun compares {SCHEMA}")
        found = [(str(each["rule"]), _resource(each["resource"]), State(each["state"])) for each in content["findings"]]
    except FileNotFoundError:
        raise UserError(
            f"{path}:1: is missing; --since wants the directory of an audit that was kept by --out"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}:1: holds no findings of an audit: {type(error).__name__}: {error}") from None
    return {_identity(rule, resource): (rule, resource, state) for rule, resource, state in found if state not in QUIET}


def difference(since: str, earlier: Findings, result: Result, looked_at: Collection[Part]) -> Difference:
    """Compare. `looked_at`: the parts that this audit could read; hosts are known by their verdicts."""
    worst_last = sorted(result.verdicts, key=lambda verdict: -STATE_ORDER[verdict.state])
    present = {_identity(verdict.rule, verdict.resource): verdict for verdict in worst_last}
    unread = {
        (verdict.rule, verdict.resource.kind)
        for verdict in result.verdicts
        if verdict.state is State.NOT_EVALUATED and verdict.resource.kind and not verdict.resource.name
    }
    found: dict[str, list[Change]] = {field.name: [] for field in fields(Difference) if field.name != "since"}
    for identity, verdict in present.items():
        if verdict.state not in QUIET:
            was = earlier[identity][2] if identity in earlier else None
            found["still_open" if was else "new"].append(Change(verdict.rule, verdict.resource, was, verdict.state))
    for identity, (rule, resource, was) in earlier.items():
        now = present.get(identity)
        if now is None:
            seen = rule in result.rules and _part(rule, resource) in looked_at and (rule, resource.kind) not in unread
            found["gone" if seen else "not_judged"].append(Change(rule, resource, was, None))
        elif now.state in QUIET:
            found["fixed"].append(Change(rule, resource, was, now.state))
    return Difference(since, **{name: tuple(changes) for name, changes in found.items()})


def _part(rule: str, resource: Resource) -> Part:
    """The part of an audit that tells whether a resource is still there; empty where its absence tells nothing."""
    if resource.urn or rule == INPUT_READABLE.id:
        return "stacks"
    if resource.kind:
        return "cluster"
    return resource.file if resource.file in ("cluster", "stacks") else ""


def _identity(rule: str, resource: Resource) -> Identity:
    """What stays the same of a resource from one audit to the next: no version, no line, no path of a checkout."""
    group, slash, _ = resource.api_version.partition("/")
    about = (resource.kind, resource.namespace, resource.name, resource.host, resource.site)
    file = "" if resource.kind or resource.file.endswith("site.yaml") else resource.file
    return (rule, group if slash else "", *about, file, "written" if resource.urn else "")


def _resource(about: Mapping[str, Any]) -> Resource:
    found: dict[str, Any] = {field: str(about[name] or "") for name, field in _FIELDS.items()}
    return Resource(**found)
