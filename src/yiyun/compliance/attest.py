"""Writes attestations: `inventories/<site>/attestations/<document>-<day>-<8 hex of the evidence>.yaml`."""

import os
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from yiyun.compliance.attestations import DIRECTORY, Attestation, Where, flaws, last_day, sha256_of
from yiyun.compliance.catalogue import Catalogue
from yiyun.errors import UserError
from yiyun.site.spelling import meant


def write_attestation(
    site_dir: Path,
    catalogue: Catalogue,
    today: date,
    *,
    document: str,
    clauses: Sequence[str],
    who: str,
    evidence: Path,
    fields: Mapping[str, str],
    until: date | None = None,
) -> tuple[Path, Attestation, bool]:
    """Write one attestation of today; return its file, what it says, and whether it is new.

    `until`: last day on which it counts; None: as long as the document is good. The same attestation again changes
    nothing. Raises UserError, and writes nothing, when the attestation would count as none or its file says otherwise.
    """
    if document not in catalogue.documents:
        raise UserError(f"--document {document}: there is no such document{_wanted(clauses, document, catalogue)}")
    for text in (who, str(evidence), *fields, *fields.values()):
        if not text.isprintable():
            raise UserError(f"{text!r}: write text without control characters")
    if evidence.exists() and not evidence.is_file():
        raise UserError(f"--file {evidence}: is no file; name the file that shows it")
    try:
        digest = sha256_of(evidence)
    except OSError as error:
        raise UserError(f"--file {evidence}: {error.strerror}; name the file that shows it") from error
    stated = {
        "version": 1,
        "document": document,
        "clauses": tuple(dict.fromkeys(clauses)),
        "who": who.strip(),
        "when": today,
        "until": date.max if until is None else until,
        "fields": {name: text.strip() for name, text in fields.items()},
        "evidence": {"path": _path(evidence, site_dir), "sha256": digest},
    }
    made = _checked(stated)
    for where, text in flaws(made, catalogue, site_dir, today):
        raise UserError(f"this attestation would count as none: it {text}{_remedy(where, made, catalogue)}")
    longest = last_day(made, catalogue)
    if longest is None:  # pragma: no cover (without a flaw its dates are known)
        raise UserError(f"--document {document}: its last day cannot be told")
    if until is not None and until > longest:
        raise UserError(f"--until {until}: {document} is good until {longest} at the latest; give that day, or none")
    made = _checked({**stated, "until": longest})
    return _write(made, site_dir)


def _checked(stated: Mapping[str, Any]) -> Attestation:
    try:
        return Attestation.model_validate(stated)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        option = {"clauses": "--clause", "fields": "--field"}.get(str(detail["loc"][0]), str(detail["loc"][0]))
        example = "8.1.3.2-a" if option == "--clause" else "inspected_on=2027-03-31"
        raise UserError(f"{option} {detail['input']}: write it like {example}") from None


def _wanted(clauses: Sequence[str], name: str, catalogue: Catalogue) -> str:
    """What the named clauses want instead."""
    rows = [catalogue.rows[clause] for clause in clauses if clause in catalogue.rows]
    documents = [f"{row.id} wants {row.document}" for row in rows if row.document]
    return f"; {', '.join(documents)}" if documents else meant(name, catalogue.documents)


def _remedy(where: Where, made: Attestation, catalogue: Catalogue) -> str:
    """What to write instead, by the option that gave the value."""
    if where[0] == "fields":
        wanted = catalogue.documents[made.document]
        missing = [name for name in wanted.fields if not made.fields.get(name)] or [str(where[-1])]
        return "; give " + " ".join(
            f"--field {name}={'YYYY-MM-DD' if name == wanted.dated_by else '...'}" for name in missing
        )
    if where[0] == "clauses":
        fitting = [row.id for row in catalogue.rows.values() if row.document == made.document]
        return f"; {made.document} is for {', '.join(fitting)}"
    return {"who": "; give --who NAME", "until": "; give a later --until, or none"}.get(str(where[0]), "")


def _path(evidence: Path, site_dir: Path) -> str:
    """Path to keep: relative to the site where it lies inside, so that it holds in every checkout."""
    real, base = evidence.resolve(), site_dir.resolve()
    return real.relative_to(base).as_posix() if real.is_relative_to(base) else str(real)


def _write(made: Attestation, site_dir: Path) -> tuple[Path, Attestation, bool]:
    directory = site_dir / DIRECTORY
    directory.mkdir(exist_ok=True)
    file = directory / f"{made.document}-{made.when}-{made.evidence.sha256[:8]}.yaml"
    text = yaml.safe_dump(made.model_dump(), sort_keys=False, allow_unicode=True, width=1000)
    if file.exists():
        if file.read_text(encoding="utf-8") == text:
            return file, made, False
        raise UserError(f"{file}:1: exists and says something else; remove it first if it is wrong")
    scratch = directory / f".{file.name}.{os.getpid()}"
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(file)
    return file, made, True
