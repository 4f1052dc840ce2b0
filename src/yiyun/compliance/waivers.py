"""Waivers of a site: `inventories/<site>/waivers.yaml`.

    version: 1
    waivers:
    - rule: pod_host_network
      resource: {kind: DaemonSet, namespace: monitoring, name: node-exporter}
      owner: Operations, Li Wei
      reason: measures the host's own network counters
      expires: 2027-03-31

A waiver names one exact resource: kind, name and namespace (left out for kinds without one), or `site`, or `host`.
One that is expired, or lacks an owner, a reason, a date or an exact resource, counts as none; the report says so.

Only a fail is waived, with one exception: of an object from which a controller makes others (`yiyun.compliance.makers`)
no gate can say more than that they were not evaluated, so a waiver of `input_readable` for it says who judged them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from yiyun.compliance.engine import INPUT_READABLE, Result
from yiyun.compliance.model import Resource, State, Verdict
from yiyun.errors import UserError
from yiyun.evidence.yaml_documents import Scalars, yaml_documents

_RESOURCE_FIELDS = ("apiVersion", "kind", "namespace", "name", "site", "host")
_FIELDS = ("rule", "resource", "owner", "reason", "expires")


@dataclass(frozen=True)
class Waiver:
    """Consent to one finding on one resource until a date."""

    rule: str
    resource: Resource
    owner: str
    reason: str
    expires: date | None
    """Last day on which it counts."""
    place: str
    """`file:line`."""

    def flaw(self, today: date) -> str | None:
        """Why it counts as none, or None when it counts."""
        missing = [name for name in ("rule", "owner", "reason", "expires") if not getattr(self, name)]
        target = self.resource
        if missing:
            return f"has no {', '.join(missing)}"
        if not (target.site or target.host or (target.kind and target.name)):
            return "names no exact resource (kind and name, or site, or host)"
        if any("*" in part for part in target if isinstance(part, str)):
            return "names a pattern; a waiver is for one exact resource"
        if self.expires is not None and self.expires < today:
            return f"expired on {self.expires}"
        return None

    def matches(self, rule: str, resource: Resource) -> bool:
        """Whether this waiver is for that rule and resource."""
        wanted = self.resource
        return (
            rule == self.rule
            and (wanted.kind, wanted.namespace, wanted.name) == (resource.kind, resource.namespace, resource.name)
            and wanted.api_version in ("", resource.api_version)
            and (wanted.host, wanted.site) == (resource.host, resource.site)
        )


def load_waivers(path: Path | str) -> tuple[Waiver, ...]:
    """Read waivers.yaml; a file that does not exist holds none.

    Raises UserError, beginning with `file:line`, for anything that is not of the form shown above.
    """
    file = Path(path)
    try:
        documents = list(yaml_documents(file.read_bytes(), Scalars()))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise UserError(f"{file}:1: cannot be read: {error.strerror}") from error
    for document in documents:
        if document.problem:
            raise UserError(f"{file}:{document.line}: {document.problem}")
    if not documents or (len(documents) == 1 and documents[0].value is None):
        return ()
    if len(documents) > 1:
        raise UserError(f"{file}:{documents[1].line}: waivers.yaml holds one document")
    value, lines = documents[0].value, documents[0].lines
    _keys(value, ("version", "waivers"), f"{file}:{documents[0].line}", "waivers.yaml")
    if value.get("version") != 1:
        raise UserError(f"{file}:{documents[0].line}: version must be 1")
    items = [] if value.get("waivers") is None else value["waivers"]
    if not isinstance(items, list):
        raise UserError(f"{file}:{documents[0].line}: waivers must be a list")
    return tuple(_waiver(item, f"{file}:{lines.get(id(item), documents[0].line)}") for item in items)


def _keys(value: Any, allowed: Iterable[str], place: str, what: str) -> None:
    if not isinstance(value, dict):
        raise UserError(f"{place}: {what} must be a mapping")
    for key in value:
        if key not in allowed:
            raise UserError(f"{place}: {what} has no field {key!r}; its fields are {', '.join(allowed)}")


def _waiver(item: Any, place: str) -> Waiver:
    _keys(item, _FIELDS, place, "a waiver")
    target = {} if item.get("resource") is None else item["resource"]
    _keys(target, _RESOURCE_FIELDS, place, "resource")
    texts: dict[str, str] = {}
    for holder, key in [(item, k) for k in ("rule", "owner", "reason")] + [(target, k) for k in _RESOURCE_FIELDS]:
        text = holder.get(key)
        if not isinstance(text, str | None):
            raise UserError(f"{place}: {key} must be text")
        texts[key] = (text or "").strip()
    return Waiver(
        texts["rule"],
        Resource(
            texts["apiVersion"],
            texts["kind"],
            texts["namespace"],
            texts["name"],
            host=texts["host"],
            site=texts["site"],
        ),
        texts["owner"],
        texts["reason"],
        _date(item.get("expires"), place),
        place,
    )


def _date(value: Any, place: str) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise UserError(f"{place}: expires must be a date such as 2027-03-31") from None


def apply_waivers(result: Result, waivers: Iterable[Waiver], today: date) -> Result:
    """Count each waivable verdict that a valid waiver names as waived. Notes name the waivers without effect."""
    notes = list(result.notes)
    valid: dict[str, list[Waiver]] = {}
    for waiver in waivers:
        flaw = waiver.flaw(today)
        if flaw is None and waiver.rule not in result.rules:
            flaw = f"names the rule {waiver.rule}, which this pack does not have"
        if flaw:
            notes.append(f"{waiver.place}: this waiver counts as none: it {flaw}")
        else:
            valid.setdefault(waiver.rule, []).append(waiver)
    used: set[str] = set()
    verdicts = list(result.verdicts)
    for index, verdict in enumerate(verdicts):
        if verdict.rule not in valid or not _waivable(verdict):
            continue
        for waiver in valid[verdict.rule]:
            if waiver.matches(verdict.rule, verdict.resource):
                used.add(waiver.place)
                text = f"{verdict.message} (waived until {waiver.expires} by {waiver.owner}: {waiver.reason})"
                verdicts[index] = verdict._replace(state=State.WAIVED, message=text)
                break
    notes += [
        f"{w.place}: this waiver matches no finding; remove it"
        for several in valid.values()
        for w in several
        if w.place not in used
    ]
    return replace(result, verdicts=verdicts, notes=tuple(notes))


def _waivable(verdict: Verdict) -> bool:
    return verdict.state is State.FAIL or verdict.rule == INPUT_READABLE.id
