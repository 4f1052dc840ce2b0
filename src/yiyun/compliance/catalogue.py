"""The catalogue of a pack: clauses of GB/T 22239-2019 level 3 in own words, and the documents that persons attest.

    policies/<pack>/catalogue/<clause>-<name>.yaml   one domain a file, such as 8.1.4: control points and their items
    policies/<pack>/documents.yaml                   what an item's `document` names

Which rules judge an item is said by the rules' own `clauses=` and nowhere else.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints

from yiyun.compliance.rule import CLAUSE
from yiyun.errors import SiteError
from yiyun.site import document
from yiyun.site.document import Node
from yiyun.site.spelling import meant
from yiyun.site.validation import model_of

Text = Annotated[str, StringConstraints(pattern=r"\S")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Clause = Annotated[str, StringConstraints(pattern=f"^{CLAUSE.pattern}$")]


class Part(BaseModel):
    """What all parts of a catalogue have."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title_zh: Text
    title_en: Text


class Row(Part):
    """One item of the standard."""

    id: Clause
    """Clause of GB/T 22239-2019 with the letter of the item."""
    unit: Annotated[str, StringConstraints(pattern=r"^L3-[A-Z]{3}[12]-\d{2}$")]
    """Evaluation unit of GB/T 28448-2019."""
    requirement_zh: Text
    """What must hold."""
    requirement_en: Text
    lettered: bool = True
    """False: its control point has this one item, and the standard gives it no letter."""
    high_risk_2025: str | None = None
    """Case number in the 2025 high-risk guide, None when it is not named there."""
    high_risk_scope: Literal["all", "continuity", "key_industries"] = "all"
    """Where the case applies: everywhere, where continuity needs are high, or in key industries only."""
    major_hazard: str | None = None
    """Number in the major-hazard list of the 2025 report template."""
    automatable: Literal["host", "kubernetes", "iac", "network", "manual"]
    """Where a machine would look first."""
    judged_by: Literal["rules", "attestation", "both"]
    """`both`: the rules must be content and the document must be attested."""
    document: Name | None = None
    """Document that a person attests. Beside `rules`: wanted only when a rule asks for a person."""
    undecidable: Text | None = None
    """Why manifests, previews and site.yaml cannot decide it, where they cannot."""

    @property
    def point(self) -> str:
        """Clause of its control point."""
        return self.id.rpartition("-")[0]


class Point(Part):
    """One control point: items that a report rolls up together."""

    clause: Annotated[str, StringConstraints(pattern=r"^8\.[12]\.\d{1,2}\.\d{1,2}$")]
    items: Annotated[tuple[Row, ...], Field(min_length=1)]


class Domain(Part):
    """One file of the catalogue."""

    clause: Annotated[str, StringConstraints(pattern=r"^8\.[12]\.\d{1,2}$")]
    points: Annotated[tuple[Point, ...], Field(min_length=1)]


class Document(Part):
    """A document that a person attests."""

    fields: Annotated[dict[Name, Text], Field(min_length=1)]
    """What an attestation of it must state -> the label that Chinese reports show."""
    dated_by: Name | None = None
    """Field that holds the date from which its freshness counts; None: the day of the attestation."""
    max_age_days: Annotated[int, Field(ge=1)]
    """Days for which it is good."""


class _Documents(RootModel[dict[Name, Document]]):
    """Content of documents.yaml."""


@dataclass(frozen=True)
class Catalogue:
    """All clauses of a pack and the documents that they name."""

    domains: tuple[Domain, ...]
    """In the order of the standard."""
    documents: Mapping[str, Document]

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """All control points, in the order of the standard."""
        return tuple(point for domain in self.domains for point in domain.points)

    @cached_property
    def rows(self) -> Mapping[str, Row]:
        """Clause -> item, in the order of the standard."""
        return {row.id: row for point in self.points for row in point.items}


def load_catalogue(pack_dir: Path | str) -> Catalogue:
    """Read the catalogue of a pack.

    Raises SiteError, its text beginning with `file:line`, for a file that is not as the models here say, an item in
    the wrong control point, a clause or unit written twice, and a document that is unknown or missing.
    """
    pack = Path(pack_dir)
    documents = _documents(pack / "documents.yaml")
    files = sorted((pack / "catalogue").glob("*.yaml"))
    if not files:
        raise SiteError(f"{document.shown(pack / 'catalogue')}:1: no catalogue; it has one YAML file a domain")
    domains: list[Domain] = []
    places: dict[str, str] = {}
    for file in files:
        root = document.read(file)
        domain = model_of(root, Domain)
        for name, place in _names(domain, root):
            if name in places:
                raise SiteError(f"{place}: {name} stands already at {places[name]}; keep one")
            places[name] = place
        _check_documents(domain, root, documents)
        domains.append(domain)
    domains.sort(key=lambda each: _order(each.clause))
    return Catalogue(tuple(domains), documents)


def _documents(file: Path) -> dict[str, Document]:
    root = document.read(file)
    documents = model_of(root, _Documents).root
    for name, each in documents.items():
        if each.dated_by is not None and each.dated_by not in each.fields:
            line, _, _ = document.nearest(root, (name, "dated_by"))
            raise SiteError(f"{root.file}:{line}: {name} has no field {each.dated_by}; name one of its fields")
    return documents


def _names(domain: Domain, root: Node) -> Iterator[tuple[str, str]]:
    """Every clause and unit of a domain with its place. Raises SiteError for one that stands in the wrong part."""
    yield domain.clause, f"{root.file}:{root.line}"
    for p, point in enumerate(domain.points):
        place = _place(root, ("points", p, "clause"))
        if point.clause.rpartition(".")[0] != domain.clause:
            raise SiteError(f"{place}: control point {point.clause} does not belong to {domain.clause}; move it")
        yield point.clause, place
        for i, row in enumerate(point.items):
            place = _place(root, ("points", p, "items", i, "id"))
            if row.point != point.clause:
                raise SiteError(f"{place}: {row.id} does not belong to {point.clause}; move it")
            yield row.id, place
            yield row.unit, place


def _check_documents(domain: Domain, root: Node, documents: Mapping[str, Document]) -> None:
    for p, point in enumerate(domain.points):
        for i, row in enumerate(point.items):
            place = _place(root, ("points", p, "items", i, "document"))
            if row.document is None and row.judged_by != "rules":
                raise SiteError(f"{place}: {row.id} is judged by {row.judged_by}; name its document")
            if row.document is not None and row.document not in documents:
                hint = meant(row.document, documents)
                raise SiteError(f"{place}: documents.yaml has no {row.document}{hint}; add it there")


def _place(root: Node, path: tuple[str | int, ...]) -> str:
    return f"{root.file}:{document.nearest(root, path)[0]}"


def _order(clause: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", clause))
