"""Attestations of a site: `inventories/<site>/attestations/*.yaml`, one a file; `./yiyun attest` writes them.

    version: 1
    document: fire_inspection
    clauses: [8.1.1.5-a]
    who: Li Wei, facilities
    when: 2026-11-28
    until: 2027-09-14
    fields: {inspector: Huadong Fire Safety, inspected_on: "2026-09-14", result: no findings}
    evidence: {path: attestations/evidence/fire-2026.pdf, sha256: ...}

The pack's documents.yaml says which fields a document has and for how long it is good. One that is empty, lacks a
field, lies in the future, has expired, or whose evidence is gone or altered counts as none; the reason says so.
Directories below attestations/ belong to the playbooks that write reports there.
"""

import hashlib
import json
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from yiyun.compliance.catalogue import Catalogue, Clause, Name
from yiyun.site import document
from yiyun.site.document import Node
from yiyun.site.spelling import meant
from yiyun.site.validation import model_of

DIRECTORY = "attestations"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

Where = tuple[str | int, ...]
"""Path of a value inside an attestation's file."""


class Evidence(BaseModel):
    """The file that shows it."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    path: str
    """Relative to the site's directory, or absolute."""
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """Of the file at the time of the attestation."""


class Attestation(BaseModel):
    """One file: a person says that a document holds for some clauses."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    version: Literal[1]
    document: Name
    """Name of the document in the pack's documents.yaml."""
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1)]
    """Items of GB/T 22239-2019 that it is shown for."""
    who: str
    """Who attests: name and post."""
    when: date
    """Day of the attestation."""
    until: date
    """Last day on which it counts; it ends earlier when the document is good for fewer days."""
    fields: dict[Name, str]
    """What the document states, by the names that documents.yaml gives."""
    evidence: Evidence


@dataclass(frozen=True)
class Claim:
    """What one file says of one clause, and whether that counts."""

    clause: str
    """Empty for a file that says nothing."""
    document: str
    who: str
    until: date | None
    """Last day on which it counts, freshness included; None where that cannot be told."""
    place: str
    """`file:line`, of the flaw where there is one."""
    flaw: str | None
    """Why it counts as none."""

    @property
    def note(self) -> str:
        """One line for a report; empty where the claim counts."""
        of = f" of {self.clause}" if self.clause else ""
        return f"{self.place}: this attestation{of} counts as none: it {self.flaw}" if self.flaw else ""


def read_attestations(site_dir: Path, catalogue: Catalogue, today: date) -> tuple[Claim, ...]:
    """Judge all attestations of a site; a directory that does not exist holds none.

    Raises SiteError, its text beginning with `file:line`, for a file that is not of the form shown above.
    """
    return tuple(
        claim
        for file in sorted((site_dir / DIRECTORY).glob("*.yaml"))
        for claim in _claims(file, site_dir, catalogue, today)
    )


def evidence_paths(site_dir: Path) -> list[str]:
    """What the attestations of a site show, as written there. Raises SiteError as `read_attestations` does."""
    roots = [document.read(file) for file in sorted((site_dir / DIRECTORY).glob("*.yaml"))]
    return [model_of(root, Attestation).evidence.path for root in roots if root.value not in (None, {}, [])]


def held(claims: Iterable[Claim]) -> dict[str, Claim]:
    """Clause -> the claim that holds longest, of those that count."""
    best: dict[str, Claim] = {}
    for claim in claims:
        if claim.flaw is None and claim.until is not None:
            known = best.get(claim.clause)
            if known is None or known.until is None or known.until < claim.until:
                best[claim.clause] = claim
    return best


def flaws(attestation: Attestation, catalogue: Catalogue, site_dir: Path, today: date) -> Iterator[tuple[Where, str]]:
    """Why an attestation counts as none, and at which value; nothing when it counts for all of its clauses."""
    wanted = catalogue.documents.get(attestation.document)
    if wanted is None:
        hint = meant(attestation.document, catalogue.documents)
        yield ("document",), f"names the document {attestation.document}, which this pack does not have{hint}"
        return
    for index, clause in enumerate(attestation.clauses):
        text = _wrong_clause(clause, attestation.document, catalogue)
        if text:
            yield ("clauses", index), text
    if not attestation.who.strip():
        yield ("who",), "has no who"
    yield from _wrong_fields(attestation, wanted.fields)
    yield from _wrong_dates(attestation, catalogue, today)
    text = _wrong_evidence(attestation.evidence, site_dir)
    if text:
        yield ("evidence",), text


def last_day(attestation: Attestation, catalogue: Catalogue) -> date | None:
    """Last day on which it counts: `until`, or earlier by the document's freshness. None: cannot be told."""
    wanted = catalogue.documents.get(attestation.document)
    start = _start(attestation, wanted.dated_by) if wanted else None
    if wanted is None or start is None:
        return None
    return min(attestation.until, _later(start, wanted.max_age_days))


def sha256_of(file: Path) -> str:
    """Digest of a file in hex. Raises OSError when it cannot be read."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def attestation_schema() -> dict[str, Any]:
    """JSON Schema of one file, as published in docs/schemas/attestation.json."""
    schema = Attestation.model_json_schema()
    for part in (schema, *schema["$defs"].values()):
        for properties in part["properties"].values():
            properties.pop("title", None)
    return {"$schema": DIALECT, "$id": "urn:yiyun:schema:attestation:1", **schema, "title": "An attestation"}


def _claims(file: Path, site_dir: Path, catalogue: Catalogue, today: date) -> Iterator[Claim]:
    root = document.read(file)
    if root.value in (None, {}, []):
        yield Claim("", "", "", None, f"{root.file}:1", "is empty")
        return
    attestation = model_of(root, Attestation)
    found = list(flaws(attestation, catalogue, site_dir, today))
    whole = next(((where, text) for where, text in found if where[0] != "clauses"), None)
    own = {where[1]: text for where, text in found if where[0] == "clauses"}
    for index, clause in enumerate(attestation.clauses):
        where, flaw = (("clauses", index), own[index]) if index in own else whole or (("clauses", index), None)
        yield Claim(
            clause,
            attestation.document,
            attestation.who,
            last_day(attestation, catalogue),
            _place(root, where),
            flaw,
        )


def _place(root: Node, where: Where) -> str:
    return f"{root.file}:{document.nearest(root, where)[0]}"


def _wrong_clause(clause: str, name: str, catalogue: Catalogue) -> str | None:
    row = catalogue.rows.get(clause)
    if row is None:
        return f"names the clause {clause}, which this pack does not have{meant(clause, catalogue.rows)}"
    if row.document is None:
        return f"names the clause {clause}, which rules judge alone"
    if row.document != name:
        return f"names the clause {clause}, which wants {row.document}"
    return None


def _wrong_fields(attestation: Attestation, wanted: Mapping[str, str]) -> Iterator[tuple[Where, str]]:
    stated = attestation.fields
    missing = [name for name in wanted if not stated.get(name, "").strip()]
    if missing:
        yield ("fields",), f"does not state {', '.join(missing)}"
    for name in stated:
        if name not in wanted:
            fields = ", ".join(wanted)
            yield ("fields", name), f"states {name}, but {attestation.document} has {fields}{meant(name, wanted)}"


def _wrong_dates(attestation: Attestation, catalogue: Catalogue, today: date) -> Iterator[tuple[Where, str]]:
    wanted = catalogue.documents[attestation.document]
    if attestation.when > today:
        yield ("when",), f"is dated {attestation.when}, which lies in the future"
    if attestation.until < attestation.when:
        yield ("until",), f"ends on {attestation.until}, before it begins"
    elif attestation.until < today:
        yield ("until",), f"expired on {attestation.until}"
    start = _start(attestation, wanted.dated_by)
    where: Where = ("fields", wanted.dated_by) if wanted.dated_by else ("when",)
    if start is None:
        if attestation.fields.get(wanted.dated_by or "", "").strip():  # one left out is named by `_wrong_fields`
            yield where, f"states {wanted.dated_by} in a form that is no date such as 2027-03-31"
    elif start > min(today, attestation.when):
        if wanted.dated_by:
            yield where, f"states {wanted.dated_by} {start}, which lies after the attestation or in the future"
    elif _later(start, wanted.max_age_days) < today:
        since = wanted.dated_by or "when"
        yield where, f"is too old: {attestation.document} is good for {wanted.max_age_days} days from {since}, {start}"


def _start(attestation: Attestation, dated_by: str | None) -> date | None:
    """The day from which freshness counts; None where it is not written as a date."""
    if dated_by is None:
        return attestation.when
    try:
        return date.fromisoformat(attestation.fields.get(dated_by, "").strip())
    except ValueError:
        return None


def _later(day: date, days: int) -> date:
    """So many days later, at most the last day of the calendar."""
    return day + timedelta(days=min(days, (date.max - day).days))


def _wrong_evidence(evidence: Evidence, site_dir: Path) -> str | None:
    file = site_dir / evidence.path
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            return f"names the evidence {evidence.path}, which is no file"
        if status.st_size == 0:
            return f"names the evidence {evidence.path}, which is empty"
        digest = sha256_of(file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        return f"names the evidence {evidence.path}, which cannot be read: {reason}"
    if digest != evidence.sha256:
        return f"names the evidence {evidence.path}, which was altered: its sha256 is {digest}"
    return None


if __name__ == "__main__":
    sys.stdout.write(json.dumps(attestation_schema(), indent=2, ensure_ascii=False) + "\n")
